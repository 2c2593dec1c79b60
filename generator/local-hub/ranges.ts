/** A `Range: bytes=` header over a thing of `size` bytes, end exclusive. `null`: none asked; `invalid`: answer 416. */
export function parseRange(
  header: string | undefined,
  size: number,
): { start: number; end: number } | null | 'invalid' {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return null;
  const [, from, to] = match as unknown as [string, string, string];
  if (from === '') return Number(to) === 0 ? 'invalid' : { start: Math.max(0, size - Number(to)), end: size };
  const start = Number(from);
  const end = to === '' ? size : Math.min(size, Number(to) + 1);
  return start >= size || end <= start ? 'invalid' : { start, end };
}
