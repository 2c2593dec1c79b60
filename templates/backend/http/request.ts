/** Reading a request: bounded body, validated parts, who sent it. */
import { ApiError, type Problem } from '@collab/contract/errors.ts';
import type { AnyRoute } from '@collab/contract/route.ts';
import type { Context } from 'hono';
import type { z } from 'zod';
import { nestsTooDeeply } from '../codec/json.ts';
import { type Body, LARGE_BYTES } from './incoming.ts';

type Issue = z.core.$ZodIssue;

export const problemsOf = (issues: Issue[]): Problem[] =>
  issues.slice(0, 20).map((i) => ({ path: i.path.map(String).join('.') || '(body)', problem: i.message }));

/** A header of the request, by its name in small letters; where Node has read them already, without a copy of all. */
export function headerOf(c: Context, name: string): string | undefined {
  const own = (
    c.env as { incoming?: { headers?: Record<string, string | string[] | undefined> } } | undefined
  )?.incoming?.headers;
  if (own === undefined) return c.req.header(name);
  const value = own[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

/** Bytes of the body, at most `max`. */
async function bodyBytes(request: Request, max: number, coming: Body): Promise<Uint8Array> {
  const tooLarge = () => new ApiError('TOO_LARGE', `the body is over ${max} bytes`);
  const declared = Number(request.headers.get('content-length') ?? 0);
  if (declared > max) throw tooLarge();
  if (declared > LARGE_BYTES) coming.large();
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    coming.hold(part.byteLength);
    const before = size;
    size += part.byteLength;
    if (size > max) throw tooLarge();
    if (declared <= LARGE_BYTES && before <= LARGE_BYTES && size > LARGE_BYTES) coming.large();
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** The JSON body, validated, of at most `max` bytes. An empty body is `{}`. */
export async function readBody(
  route: AnyRoute,
  request: Request,
  max: number,
  coming: Body,
): Promise<{ body: unknown; bytes: number; text: string }> {
  if (route.method === 'GET') return { body: undefined, bytes: 0, text: '' };
  const bytes = await bodyBytes(request, max, coming);
  if (route.body === null) return { body: undefined, bytes: 0, text: '' };
  const type = request.headers.get('content-type') ?? '';
  if (bytes.byteLength > 0 && !/^application\/(?:[\w.+-]+\+)?json\b/i.test(type))
    throw new ApiError('INVALID_REQUEST', 'the body must be JSON', {
      hint: 'send Content-Type: application/json',
    });
  const text = new TextDecoder().decode(bytes);
  const parsed = route.body.safeParse(parseJson(text));
  if (parsed.success) return { body: parsed.data, bytes: bytes.byteLength, text };
  const problems = problemsOf(parsed.error.issues);
  const first = problems[0];
  throw new ApiError(
    'INVALID_REQUEST',
    first ? `${first.path}: ${first.problem}` : 'the body breaks the schema',
    { problems, cause: parsed.error },
  );
}

/** A field of a body that is `null` is a field that was left out, as the reference reads it. */
function parseJson(text: string): unknown {
  if (nestsTooDeeply(text)) throw new ApiError('INVALID_REQUEST', 'the body nests too deeply');
  try {
    const value: unknown = text.trim() === '' ? {} : JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== null));
  } catch (cause) {
    throw new ApiError('INVALID_REQUEST', 'the body is not valid JSON', { cause });
  }
}

/** Known parameters, validated; the names of the unknown ones. The last of a repeated parameter counts. */
export function readQuery(
  route: AnyRoute,
  url: string,
  read: (route: AnyRoute, given: Record<string, string>) => Record<string, string> = (_, given) => given,
): { query: unknown; ignored: string[] } {
  const known = Object.keys(route.query.shape);
  const given: Record<string, string> = {};
  const ignored = new Set<string>();
  for (const [name, value] of new URLSearchParams(url.slice(url.indexOf('?') + 1 || url.length))) {
    if (known.includes(name)) given[name] = value;
    else ignored.add(name);
  }
  const parsed = route.query.safeParse(read(route, given));
  if (parsed.success) return { query: parsed.data, ignored: [...ignored] };
  const problems = problemsOf(parsed.error.issues);
  throw new ApiError('INVALID_QUERY', problems.map((p) => `${p.path}: ${p.problem}`).join('; '), {
    problems,
    cause: parsed.error,
  });
}

export function readParams(route: AnyRoute, raw: Record<string, string>): unknown {
  const parsed = route.params.safeParse(raw);
  if (parsed.success) return parsed.data;
  throw new ApiError(
    'INVALID_PATH',
    problemsOf(parsed.error.issues)
      .map((p) => `${p.path}: ${p.problem}`)
      .join('; '),
  );
}

/** `Authorization: Bearer x`; anything else is no bearer. */
export function bearerOf(header: string | undefined): string | null {
  const m = /^bearer[ \t]+(\S.*)$/is.exec(header?.trim() ?? '');
  const token = m?.[1]?.trim() ?? '';
  return token !== '' && token.length <= 4096 && /^[\x21-\x7e]+$/.test(token) ? token : null;
}

/** The caller's address: what the outermost trusted proxy saw, or the connection itself. */
export function addressOf(c: Context, hops: number, peer: string | undefined): string | undefined {
  const forwarded = hops > 0 ? headerOf(c, 'x-forwarded-for') : undefined;
  const chain = forwarded
    ?.split(',')
    .map((p) => p.trim())
    .filter(Boolean);
  const seen = chain?.at(-hops);
  // Some proxies name the port too: every connection would be another address.
  const ip = (seen ?? peer)?.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1');
  return ip !== undefined && /^[0-9a-fA-F.:]{2,45}$/.test(ip) ? ip : peer;
}
