import { symbol, symbolCircle, symbolDiamond, symbolSquare, symbolTimes, symbolTriangle } from 'd3-shape';
import type { VerdictState } from '../data/types.ts';

const SHAPES = {
  valid: symbolDiamond,
  invalid: symbolTimes,
  pending: symbolCircle,
  queued: symbolCircle,
  running: symbolTriangle,
  inconclusive: symbolSquare,
  expired: symbolSquare,
} as const;

/** Outline of a state's mark; shape tells states apart, colour only helps. */
export const markPath = (state: VerdictState, size: number): string =>
  symbol(SHAPES[state] ?? symbolCircle, size)() ?? '';
