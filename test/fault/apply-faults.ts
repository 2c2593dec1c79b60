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
  'kill-before',
  'kill-after',
] as const;
export type Fault = (typeof FAULTS)[number];

/** One call of an apply, without what differs from run to run. */
export const shapeOf = (method: string, url: string): string =>
  `${method} ${new URL(url).pathname.replace(/[0-9a-f]{16,64}/g, '{hash}')}`;

export interface Faulty {
  fetch: typeof fetch;
  calls: string[];
  /** After a kill: puts back what was on disk at that moment. */
  restore(): Promise<void>;
}

/** A fetch that lets the `index`-th call to the hub go wrong. `index` -1: none, only counts. */
export function faultyFetch(hubUrl: string, dir: string, index: number, fault: Fault): Faulty {
  const calls: string[] = [];
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
    fetch: async (input, init) => {
      const url = String(input instanceof Request ? input.url : input);
      if (killed) throw lost('EKILLED');
      if (!url.startsWith(hubUrl)) return fetch(input, init);
      const at = calls.push(shapeOf(init?.method ?? 'GET', url)) - 1;
      return at === index ? broken(() => fetch(input, init)) : fetch(input, init);
    },
    restore: async () => {
      if (!killed) return;
      if (killed.state === null) await rm(record, { force: true });
      else await writeFile(record, killed.state);
    },
  };
}

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
