import { extent } from 'd3-array';
import { type ScaleLinear, type ScaleTime, scaleLinear, scaleTime } from 'd3-scale';
import type { VerdictState } from '../data/types.ts';

/** Where a mark stands, in pixels. */
export interface Place {
  x: number;
  y: number;
  state: VerdictState;
  strong: boolean;
}

export const MARGIN = { top: 14, right: 16, bottom: 26, left: 52 };

/** [min, max] of `values` with a share of air on each side, which never crosses zero; a single value gets room around it. */
export function padded(values: readonly number[], low: number, high: number): [number, number] {
  const [min, max] = extent(values);
  if (min === undefined || max === undefined) return [0, 1];
  const span = max - min || Math.abs(max) || 1;
  const [from, to] = [min - span * low, max + span * high];
  return [min >= 0 ? Math.max(0, from) : from, max <= 0 ? Math.min(0, to) : to];
}

const FAR = 100;

/**
 * Scores that span an axis: all that are verified, and of the claims those within a hundred times the median, so that
 * one claim of 1e300 does not make a line of all others.
 */
export function spanning(points: readonly { score: number; trusted: boolean }[]): number[] {
  const known = points.some((p) => p.trusted) ? points.filter((p) => p.trusted) : points;
  const sizes = known.map((p) => Math.abs(p.score)).sort((a, b) => a - b);
  const reach = FAR * (sizes[(sizes.length - 1) >> 1] || (sizes.at(-1) ?? 0));
  return points.filter((p) => p.trusted || Math.abs(p.score) <= reach).map((p) => p.score);
}

export function timeScale(times: readonly number[], width: number): ScaleTime<number, number> {
  const [min, max] = extent(times);
  const from = min ?? 0;
  const span = Math.max((max ?? from) - from, 60_000);
  return scaleTime()
    .domain([from - span * 0.02, from + span * 1.12])
    .range([MARGIN.left, width - MARGIN.right]);
}

export const valueScale = (domain: [number, number], height: number): ScaleLinear<number, number> =>
  scaleLinear()
    .domain(domain)
    .range([height - MARGIN.bottom, MARGIN.top])
    .nice(5);

export const spanScale = (domain: [number, number], width: number): ScaleLinear<number, number> =>
  scaleLinear()
    .domain(domain)
    .range([MARGIN.left, width - MARGIN.right]);

/** Writes values of an axis with the digits its steps need; very large and very small ones in scientific notation. */
export function tickLabel(scale: ScaleLinear<number, number>): (value: number) => string {
  const size = Math.max(...scale.domain().map(Math.abs));
  return scale.tickFormat(5, size >= 1e9 || (size > 0 && size < 1e-3) ? '.2~e' : undefined);
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** A time of day, as exact as steps of `stepMs` need. */
function clock(t: Date, stepMs: number): string {
  const seconds = stepMs < MINUTE_MS && { second: '2-digit' as const };
  const parts = stepMs < 1000 && { fractionalSecondDigits: 3 as const };
  return t.toLocaleTimeString([], {
    hour: '2-digit',
    minute: '2-digit',
    ...seconds,
    ...parts,
    hour12: false,
  });
}

/** Local midnights for spans over a day, else round times; at most eight, and no more than have room beside each other. */
export function timeTicks(scale: ScaleTime<number, number>, width: number): { at: number; label: string }[] {
  const [from, to] = scale.domain() as [Date, Date];
  const long = to.getTime() - from.getTime() > DAY_MS;
  const count = Math.max(2, Math.min(8, Math.floor(width / 90)));
  const round = scale.ticks(count);
  const every = Math.ceil(round.length / count);
  const ticks = round.filter((_, at) => at % every === 0);
  const step = Math.min(...ticks.slice(1).map((t, i) => t.getTime() - (ticks[i] as Date).getTime()));
  return ticks.map((t) => ({
    at: scale(t),
    label:
      long && t.getHours() === 0
        ? t.toLocaleDateString('en', { day: 'numeric', month: 'short' })
        : clock(t, step),
  }));
}

/** Index of the point nearest to a place, within `reach` pixels; -1 when none is. */
export function nearest(
  places: readonly { x: number; y: number }[],
  x: number,
  y: number,
  reach = 28,
): number {
  let best = reach * reach;
  let index = -1;
  places.forEach((p, i) => {
    const d = (p.x - x) ** 2 + (p.y - y) ** 2;
    if (d <= best) {
      best = d;
      index = i;
    }
  });
  return index;
}
