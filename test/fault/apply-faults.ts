import { readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What goes wrong with one call: before it took effect, after it did, or with its answer. */
export const FAULTS = [
  'refused',
  'lost-before',
  'lost-after',
  'timeout-after',
  'error-500-before',
  'error-500-after',
  'rate-limited',
  'garbage-after',
  'partial-list',
  'token-ends',
  'kill-before',
  'kill-after',
] as const;
export type Fault = (typeof FAULTS)[number];

/** One call of an apply, without what differs from run to run. */
export const shapeOf = (method: string, url: string): string =>
  `${method} ${new URL(url).pathname.replace(/[0-9a-f]{16,64}/g, '{hash}')}`;

/** One call of a run: calls go side by side, so that their order differs from run to run and a number says little. */
export interface Point {
  shape: string;
  /** From 1: which one of this shape. */
  nth: number;
}

export const nameOf = ({ shape, nth }: Point): string => `${shape} #${nth}`;

/** The points of a run, in the order in which they came up. */
export function pointsOf(calls: string[]): Point[] {
  const seen = new Map<string, number>();
  return calls.map((shape) => {
    const nth = (seen.get(shape) ?? 0) + 1;
    seen.set(shape, nth);
    return { shape, nth };
  });
}

/** Counts the calls of one shape. @returns whether the one just made is the point. */
export function watchFor(point: Point | null): (shape: string) => boolean {
  let left = point?.nth ?? 0;
  return (shape) => shape === point?.shape && --left === 0;
}

export interface Faulty {
  fetch: typeof fetch;
  calls: string[];
  /** Whether the call that was to fail came up at all. */
  hit(): boolean;
  /** After a kill: puts back what was on disk at that moment. */
  restore(): Promise<void>;
}

/** A fetch that lets one call to the hub go wrong. `null`: none, only notes them. */
export function faultyFetch(hubUrl: string, dir: string, point: Point | null, fault: Fault): Faulty {
  const calls: string[] = [];
  const isPoint = watchFor(point);
  let hit = false;
  const record = join(dir, '.collab/plan-state.json');
  let killed: { state: string | null } | undefined;
  const kill = (): Error => {
    killed ??= { state: read(record) };
    return lost('EKILLED');
  };
  const broken = async (send: () => Promise<Response>): Promise<Response> => {
    if (fault === 'refused') throw lost('ECONNREFUSED');
    if (fault === 'lost-before') throw lost('ECONNRESET');
    if (fault === 'kill-before') throw kill();
    if (fault === 'error-500-before') return Response.json({ error: 'internal' }, { status: 500 });
    if (fault === 'token-ends') return refused();
    if (fault === 'rate-limited')
      return Response.json({ error: 'slow down' }, { status: 429, headers: { 'retry-after': '1' } });
    const response = await send();
    const body = new Uint8Array(await response.arrayBuffer());
    if (fault === 'lost-after') throw lost('ECONNRESET');
    if (fault === 'timeout-after') throw new DOMException('too slow', 'TimeoutError');
    if (fault === 'kill-after') throw kill();
    if (fault === 'error-500-after') return Response.json({ error: 'internal' }, { status: 500 });
    if (fault === 'garbage-after') return new Response('<html>proxy</html>', { status: 200 });
    return new Response(halved(body), { status: response.status, headers: response.headers });
  };
  return {
    calls,
    hit: () => hit,
    fetch: async (input, init) => {
      const url = String(input instanceof Request ? input.url : input);
      if (killed) throw lost('EKILLED');
      if (!url.startsWith(hubUrl)) return fetch(input, init);
      const shape = shapeOf(init?.method ?? 'GET', url);
      calls.push(shape);
      if (!isPoint(shape)) return hit && fault === 'token-ends' ? refused() : fetch(input, init);
      hit = true;
      return broken(() => fetch(input, init));
    },
    restore: async () => {
      if (!killed) return;
      if (killed.state === null) await rm(record, { force: true });
      else await writeFile(record, killed.state);
    },
  };
}

const refused = () => Response.json({ error: 'Invalid credentials' }, { status: 401 });

/** A JSON list without its second half; anything else as it is. */
function halved(body: Uint8Array): Uint8Array<ArrayBuffer> {
  try {
    const json: unknown = JSON.parse(new TextDecoder().decode(body));
    const text = Array.isArray(json) ? JSON.stringify(json.slice(0, Math.floor(json.length / 2))) : null;
    return text === null ? new Uint8Array(body) : new TextEncoder().encode(text);
  } catch {
    return new Uint8Array(body);
  }
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

const lost = (code: string): TypeError =>
  new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) });
