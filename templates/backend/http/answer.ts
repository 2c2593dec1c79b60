/** An answer as data, and its way to the wire: all headers at once, compressed for who takes it, 304 for who has it. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { AnyRoute } from '@collab/contract/route.ts';
import type { Context } from 'hono';
import { isCurrent } from './conditional.ts';
import type { Reply } from './handle.ts';
import { jsonText } from './json-text.ts';
import { codingFor } from './packed.ts';
import { headerOf } from './request.ts';

export interface Answer {
  status: number;
  /** All of them but the request's own id. */
  headers: Record<string, string>;
  body: string | Uint8Array | null;
  /** Size of the body. */
  bytes: number;
  /** The body compressed, as soon as somebody took it so. */
  zipped?: Promise<Uint8Array>;
}

/** What every answer carries that says nothing else. */
export const HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cache-Control': 'no-store',
};

const zip = promisify(gzip);

/** Headers of a kind with the places of those that differ: to fill in costs far less than to add. */
const RAW = { ...HEADERS, 'Content-Length': '', 'X-Request-Id': '' };
const JSON_WRITE = { ...RAW, 'Content-Type': 'application/json' };
const JSON_READ = { ...JSON_WRITE, Vary: 'Accept-Encoding', ETag: '' };

/** @param own headers win */
function answer(
  kind: Record<string, string>,
  status: number,
  body: Answer['body'],
  own: Record<string, string>,
  tag = own.ETag,
): Answer {
  const headers = { ...kind };
  if (tag !== undefined) headers.Vary = 'Accept-Encoding';
  const bytes = body === null ? 0 : Buffer.byteLength(body);
  for (const name in own) headers[name] = own[name] as string;
  if (tag !== undefined) headers.ETag = tag;
  if (body === null) delete headers['Content-Length'];
  else headers['Content-Length'] = String(bytes);
  return { status, headers, body, bytes };
}

export const jsonAnswer = (status: number, body: unknown, own: Record<string, string> = {}): Answer =>
  answer(JSON_WRITE, status, JSON.stringify(body), own);

/** The reply of a route as an answer; a JSON read carries the tag it can be asked for again with. */
export function answerOf(route: AnyRoute, { status: given, headers = {}, body, raw }: Reply): Answer {
  const status = given ?? route.statuses[0] ?? 200;
  if (status === 304) return answer(RAW, status, null, headers);
  if (raw !== undefined) return answer(RAW, status, raw, headers);
  if (route.method !== 'GET' || status !== 200) return jsonAnswer(status, body ?? null, headers);
  const { text, tag } = jsonText(body ?? null);
  return answer(JSON_READ, status, text, headers, tag);
}

/** Reads alone are compressed: nothing secret is ever in one beside what a caller chose. */
function isZipped(c: Context, { headers, body, bytes }: Answer): boolean {
  if (body === null || !headerOf(c, 'accept-encoding') || c.req.method !== 'GET') return false;
  const type = headers['Content-Type'] ?? '';
  return type !== 'application/octet-stream' && codingFor(c, bytes, type, ['gzip']) === 'gzip';
}

export function respond(c: Context, made: Answer, requestId: string): Response | Promise<Response> {
  const { status, body } = made;
  const headers: Record<string, string> = { ...made.headers };
  headers['X-Request-Id'] = requestId;
  if (headers.ETag !== undefined && status === 200 && isCurrent(headerOf(c, 'if-none-match'), headers.ETag)) {
    delete headers['Content-Type'];
    delete headers['Content-Length'];
    return new Response(null, { status: 304, headers });
  }
  if (!isZipped(c, made)) return new Response(body as string | null, { status, headers });
  made.zipped ??= zip(body as string | Uint8Array);
  return made.zipped.then((bytes) => {
    headers['Content-Encoding'] = 'gzip';
    headers['Content-Length'] = String(bytes.byteLength);
    return new Response(bytes as Uint8Array<ArrayBuffer>, { status, headers });
  });
}
