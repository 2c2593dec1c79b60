import type { GateRule, LeaderboardRow } from '../data/types.ts';
import { gateOf } from './board.ts';
import { type ParetoPoint, toPareto, toSeries } from './series.ts';

/** What a score can be set against: a gate that was measured, or the secondary metric. */
export interface ParetoAxis {
  id: string;
  label: string;
  limit: number | null;
  /** Which way is better. */
  order: 'asc' | 'desc';
  value: (row: LeaderboardRow) => number | null;
}

const better = (op: string | undefined): 'asc' | 'desc' => (op?.startsWith('>') ? 'desc' : 'asc');

export function paretoAxes(
  rows: readonly LeaderboardRow[],
  rules: readonly GateRule[],
  secondary: string,
  secondaryLabel: string,
): ParetoAxis[] {
  const seen = rows.flatMap((r) => r.gates ?? []).filter((g) => typeof g.value === 'number');
  const ids = [...new Set([...rules.map((r) => r.id), ...seen.map((g) => g.id)])].filter((id) =>
    seen.some((g) => g.id === id),
  );
  const gates = ids.map((id): ParetoAxis => {
    const rule = rules.find((r) => r.id === id);
    const sample = seen.find((g) => g.id === id);
    return {
      id,
      label: rule?.label ?? id,
      limit: sample?.limit ?? rule?.limit ?? null,
      order: better(rule?.op ?? sample?.op),
      value: (row) => gateOf(row.gates, id)?.value ?? null,
    };
  });
  if (!secondary || ids.includes(secondary) || !rows.some((r) => r.secondary != null)) return gates;
  return [
    ...gates,
    { id: secondary, label: secondaryLabel, limit: null, order: 'asc', value: (r) => r.secondary ?? null },
  ];
}

export function paretoPoints(
  rows: readonly LeaderboardRow[],
  axis: ParetoAxis,
  order: 'asc' | 'desc',
): ParetoPoint[] {
  const values = new Map(rows.map((r) => [r.filename, axis.value(r)]));
  const points = toSeries(rows, order, true).points.flatMap((p) => {
    const x = values.get(p.filename);
    return typeof x === 'number' && Number.isFinite(x) ? [{ ...p, x }] : [];
  });
  return toPareto(points, order, axis.order);
}
