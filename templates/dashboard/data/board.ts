import type { Http } from './http.ts';
import type { Leaderboard, LeaderboardRow, WireBoard, WireRow } from './types.ts';

const text = (value: unknown): string | null =>
  value === null || value === undefined ? null : typeof value === 'string' ? value : JSON.stringify(value);

export const toRow = (row: WireRow): LeaderboardRow => ({
  ...row,
  method: text(row.method),
  description: text(row.description),
  timestamp: text(row.timestamp) ?? '',
  secondary: typeof row.secondary === 'number' ? row.secondary : null,
});

const seen = new WeakMap<WireBoard, Leaderboard>();

/** The board at `path`; the same object again while the server says that nothing changed. */
export async function readBoard(http: Http, path: string): Promise<Leaderboard> {
  const wire = await http.get<WireBoard>(path);
  const known = seen.get(wire);
  if (known) return known;
  const board = { ...wire, rows: wire.rows.map(toRow) };
  seen.set(wire, board);
  return board;
}
