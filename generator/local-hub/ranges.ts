import type { HubRequest } from './http.ts';

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

/**
 * The range a request asks for, of content with this ETag. Whoever goes on with a download of what has changed since
 * (`If-Range`) gets all of it (RFC 9110, 13.1.5).
 */
export function askedRange(c: HubRequest, etag: string, size: number): ReturnType<typeof parseRange> {
  const known = c.req.header('if-range');
  return known === undefined || known === etag ? parseRange(c.req.header('range'), size) : null;
}
