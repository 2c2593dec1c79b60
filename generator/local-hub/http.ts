import { Readable } from 'node:stream';
import type { Context } from 'hono';
import { z } from 'zod';
import type { HubContext } from './context.ts';
import { absent, badRequest, HubFault } from './faults.ts';
import type { Principal } from './identity/principal.ts';

export interface HubEnv {
  Variables: { hub: HubContext; who: Principal | null };
}
export type HubRequest = Context<HubEnv>;

/** `http://host:port` as the client wrote it: every absolute URL in an answer starts with it. */
export function baseUrl(c: HubRequest): string {
  const url = new URL(c.req.url);
  return `${url.protocol}//${c.req.header('host') ?? url.host}`;
}

/** The path behind its first `segments` parts, percent-decoded once: it may hold slashes or `%2F`. @throws 400 */
export function pathBehind(c: HubRequest, segments: number): string {
  const { pathname } = new URL(c.req.url);
  return decodePath(
    pathname
      .split('/')
      .slice(segments + 1)
      .join('/'),
  );
}

export function decodePath(raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch {
    throw badRequest('The path is not valid percent-encoding');
  }
}

export function repoParam(c: HubRequest): string {
  return `${c.req.param('ns')}/${c.req.param('name')}`;
}

/** @throws 413 when the body is larger than `limit` bytes */
export async function readBody(c: HubRequest, limit: number): Promise<Buffer> {
  const declared = Number(c.req.header('content-length') ?? 0);
  if (declared > limit) throw new HubFault(413, `The body is larger than ${limit} bytes`);
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of bodyStream(c)) {
    size += piece.length;
    if (size > limit) throw new HubFault(413, `The body is larger than ${limit} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

export function bodyStream(c: HubRequest): AsyncIterable<Uint8Array> {
  return (c.req.raw.body ?? emptyStream()) as unknown as AsyncIterable<Uint8Array>;
}

/** Body as JSON, checked. An empty body counts as `{}`. @throws 400, 413 */
export async function jsonBody<S extends z.ZodType>(
  c: HubRequest,
  schema: S,
  limit = 8 * 1024 * 1024,
): Promise<z.infer<S>> {
  const text = (await readBody(c, limit)).toString('utf8');
  return check(schema, text.trim() === '' ? {} : parseJson(text));
}

/** Each non-empty line as JSON. @throws 400 */
export function parseNdjson(text: string): unknown[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(parseJson);
}

/** @throws 400 that says where and what; 501 for what `notHere` marks */
export function check<S extends z.ZodType>(schema: S, value: unknown): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const missing = parsed.error.issues.find((issue) => issue.code === 'custom' && issue.params?.absent);
  if (missing) throw absent(missing.message);
  const issue = parsed.error.issues[0];
  // Of a key, what is wrong with it stands one level deeper.
  const problem = issue?.code === 'invalid_key' ? issue.issues[0]?.message : issue?.message;
  throw badRequest(`${issue?.path.map(String).join('.') || 'body'}: ${problem ?? 'invalid'}`);
}

/** A field of the Hub that is not here: what asks for nothing passes, anything else is answered with 501. */
export const notHere = (what: string) =>
  z
    .unknown()
    .refine((value) => value == null || value === false, { error: what, params: { absent: true } })
    .optional();

/** `Link` header of a further page: absolute, as the clients' parsers want it. */
export function nextPage(c: HubRequest, cursor: string): string {
  const url = new URL(c.req.url);
  const query = new URLSearchParams(url.search);
  query.set('cursor', cursor);
  return `<${baseUrl(c)}${url.pathname}?${query}>; rel="next"`;
}

/** An integer query parameter between bounds. @throws 400 */
export function intQuery(c: HubRequest, name: string, fallback: number, min: number, max: number): number {
  const text = c.req.query(name);
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max)
    throw badRequest(`${name} must be an integer from ${min} to ${max}`);
  return value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badRequest('The body is not valid JSON');
  }
}

async function* emptyStream(): AsyncGenerator<Uint8Array> {}

/** A response body from pieces made one by one. */
export function streamOf(pieces: AsyncIterable<Uint8Array>): ReadableStream {
  return Readable.toWeb(Readable.from(pieces, { objectMode: false })) as ReadableStream;
}
