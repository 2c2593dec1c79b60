/**
 * Columns as wide as their longest cell, numbers to the right. In a terminal of so many `columns` the last one is cut so
 * that every row is one line; without (a file, a pipe) nothing is cut.
 */
export function table(head: string[], rows: (string | number)[][], columns?: number): string {
  const cells = [head, ...rows.map((row) => row.map(String))];
  const width = head.map((_, i) => Math.max(...cells.map((row) => (row[i] ?? '').length)));
  const right = head.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === 'number'));
  const last = head.length - 1;
  const before = width.slice(0, last).reduce((sum, each) => sum + each + 2, 0);
  if (columns !== undefined) width[last] = Math.min(width[last] ?? 0, Math.max(LEAST, columns - before));
  const cut = (cell: string, n: number) => (cell.length > n ? `${cell.slice(0, n - 1)}…` : cell);
  const line = (row: string[]) =>
    row
      .map((cell, i) => cut(cell, width[i] ?? 0))
      .map((cell, i) => (right[i] ? cell.padStart(width[i] ?? 0) : cell.padEnd(width[i] ?? 0)))
      .join('  ')
      .trimEnd();
  const rule = width.map((n) => '─'.repeat(n)).join('──');
  return [line(cells[0] ?? []), rule, ...cells.slice(1).map(line)].join('\n');
}

/** However narrow the terminal is. */
const LEAST = 12;

/** At most four significant digits, as people write them. */
export function digits(value: number | null | undefined): string {
  if (value === null || value === undefined) return '-';
  return Math.abs(value) >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(4)));
}
