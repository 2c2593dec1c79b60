import type { Context } from 'hono';

/** An answer whose size is known, so that small ones are not compressed. */
export function whole(
  c: Context,
  body: string | Uint8Array,
  status: number,
  headers: Record<string, string> = {},
): Response {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : new Uint8Array(body);
  return c.body(bytes, status as 200, { ...headers, 'Content-Length': String(bytes.byteLength) });
}
