/** An answer as data, and its way to the wire: all headers at once, compressed for who takes it, 304 for who has it. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { AnyRoute } from '@collab/contract/route.ts';
import type { Context } from 'hono';
import { isCurrent, weakTag } from './conditional.ts';
import type { Reply } from './handle.ts';
import { codingFor } from './packed.ts';
import { headerOf } from './request.ts';

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string | Uint8Array | null;
  /** The body compressed, as soon as somebody took it so. */
  zipped?: Promise<Uint8Array>;
}

/** What every answer carries that says nothing else. */
export const HEADERS: Record<string, string> = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cache-Control': 'no-store',
};

const VARIES = { Vary: 'Accept-Encoding' };
const zip = promisify(gzip);

export const jsonAnswer = (status: number, body: unknown, headers: Record<string, string> = {}): Answer => ({
  status,
  headers: { ...headers, 'Content-Type': 'application/json' },
  body: JSON.stringify(body),
});

/** The reply of a route as an answer; a JSON read carries the tag it can be asked for again with. */
export function answerOf(route: AnyRoute, { status: given, headers = {}, body, raw }: Reply): Answer {
  const status = given ?? route.statuses[0] ?? 200;
  const tagged = headers.ETag === undefined ? headers : { ...VARIES, ...headers };
  if (status === 304) return { status, headers: tagged, body: null };
  if (raw !== undefined) return { status, headers: tagged, body: raw };
  if (route.method !== 'GET' || status !== 200) return jsonAnswer(status, body ?? null, tagged);
  const made = jsonAnswer(status, body ?? null, { ...VARIES, ...headers });
  made.headers.ETag = weakTag(made.body as string);
  return made;
}

/** Reads alone are compressed: nothing secret is ever in one beside what a caller chose. */
function isZipped(c: Context, { headers, body }: Answer): boolean {
  if (body === null || c.req.method !== 'GET' || !headerOf(c, 'accept-encoding')) return false;
  const type = headers['Content-Type'] ?? '';
  return type !== 'application/octet-stream' && codingFor(c, body.length, type, ['gzip']) === 'gzip';
}

export function respond(c: Context, answer: Answer, requestId: string): Response | Promise<Response> {
  const { status, body, headers: own } = answer;
  const headers: Record<string, string> = { ...HEADERS, ...own, 'X-Request-Id': requestId };
  if (own.ETag !== undefined && status === 200 && isCurrent(headerOf(c, 'if-none-match'), own.ETag)) {
    delete headers['Content-Type'];
    return new Response(null, { status: 304, headers });
  }
  if (!isZipped(c, answer)) return whole(status, headers, body);
  answer.zipped ??= zip(body as string | Uint8Array);
  return answer.zipped.then((bytes) => whole(status, { ...headers, 'Content-Encoding': 'gzip' }, bytes));
}

function whole(status: number, headers: Record<string, string>, body: Answer['body']): Response {
  if (body !== null) headers['Content-Length'] = String(Buffer.byteLength(body));
  return new Response(body as string | null, { status, headers });
}
