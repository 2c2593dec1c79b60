/** The server in process, on a hub in memory, with a clock that the test turns. */
import { createApp, type Server } from '../../templates/backend/app.ts';
import type { Deps } from '../../templates/backend/deps.ts';
import { silent } from '../../templates/backend/log.ts';
import { parseSettings } from '../../templates/backend/settings.ts';
import { type MemoryHub, type MemoryUser, memoryHub } from './memory-hub.ts';

export const ORG = 'test-org';
export const SLUG = 'test';
export const CENTRAL = `${ORG}/${SLUG}-main-bucket`;
export const PRIVATE = 'test-admin/test-audit';
export const SERVER_TOKEN = 'hf_servertokenservertoken';

/** 2026-06-01 12:00:00.123 UTC. */
export const START = Date.UTC(2026, 5, 1, 12, 0, 0, 123);

export interface TestClock {
  now(): number;
  /** Moves time on and wakes sleepers that are due. */
  advance(ms: number): Promise<void>;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Time stands still unless `advance` moves it. */
export function testClock(start = START): TestClock {
  let at = start;
  const sleepers = new Set<{ due: number; wake(): void }>();
  return {
    now: () => at,
    async advance(ms) {
      const end = at + ms;
      for (;;) {
        for (let i = 0; i < 20; i++) await Promise.resolve();
        await new Promise((turn) => setImmediate(turn));
        const next = [...sleepers].sort((a, b) => a.due - b.due)[0];
        if (!next || next.due > end) break;
        at = Math.max(at, next.due);
        next.wake();
      }
      at = end;
      await new Promise((turn) => setImmediate(turn));
    },
    sleep: (ms, signal) =>
      new Promise((done) => {
        if (signal?.aborted) return done();
        const sleeper = {
          due: at + ms,
          wake() {
            sleepers.delete(sleeper);
            signal?.removeEventListener('abort', sleeper.wake);
            done();
          },
        };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', sleeper.wake, { once: true });
      }),
  };
}

export const USERS: MemoryUser[] = [
  { name: 'collab-server', token: SERVER_TOKEN, orgs: { [ORG]: 'admin' } },
  {
    name: 'organizer',
    token: 'hf_organizerorganizer',
    orgs: { [ORG]: 'admin' },
    email: 'organizer@test.invalid',
  },
  { name: 'user-one', token: 'hf_useroneuseroneuserone', orgs: { [ORG]: 'contributor' } },
  { name: 'user-two', token: 'hf_usertwousertwousertwo', orgs: { [ORG]: 'contributor' } },
  { name: 'John_Doe.X', token: 'hf_johndoejohndoejohndoe', orgs: { [ORG]: 'contributor' } },
  { name: 'stranger', token: 'hf_strangerstrangerstran', orgs: {} },
];

export interface TestServer extends Server {
  hub: MemoryHub;
  clock: TestClock;
  /** JSON request; `as` is a token or key. */
  call(
    method: string,
    path: string,
    options?: { as?: string; body?: unknown; headers?: Record<string, string> },
  ): Promise<TestAnswer>;
  /** Registers an agent through the API and gives its key. */
  join(agent: string, user?: string): Promise<string>;
  close(): Promise<void>;
}

export interface TestAnswer {
  status: number;
  headers: Headers;
  json: any;
  text: string;
}

export interface TestOptions {
  env?: Record<string, string>;
  hub?: MemoryHub;
  clock?: TestClock;
  /** Leave the record unloaded. */
  idle?: boolean;
  deps?: Partial<Deps>;
}

export const COMPAT = { WRITE_AUTH: 'open', REGISTRATION: 'compat' };

/** Limits far away, so that only tests of limits meet them. */
const GENEROUS = {
  RAW_MESSAGE_PER_MINUTE: '100000',
  RAW_MESSAGE_PER_HOUR: '100000',
  BUCKET_WRITE_PER_MINUTE: '100000',
  BUCKET_WRITE_BURST: '100000',
  REGISTRATION_PER_MINUTE: '100000',
};

export function testHub(clock: TestClock): MemoryHub {
  const hub = memoryHub({ now: clock.now, serverToken: SERVER_TOKEN, users: structuredClone(USERS) });
  hub.seed(CENTRAL, {});
  hub.seed(PRIVATE, {});
  return hub;
}

let counter = 0;

/** Never the same twice in a test file, from two bytes on: ids that meet again would be one. */
function drawn(n: number): Uint8Array {
  counter++;
  const byte = (i: number) => (i > 0 && i < 4 ? counter >>> (8 * i) : counter * 31) + i * 7;
  return Uint8Array.from({ length: n }, (_, i) => byte(i) % 256);
}

export async function startTestServer(options: TestOptions = {}): Promise<TestServer> {
  const clock = options.clock ?? testClock();
  const hub = options.hub ?? testHub(clock);
  const settings = parseSettings({
    HF_TOKEN: SERVER_TOKEN,
    ORG,
    COLLAB_SLUG: SLUG,
    AUDIT_BUCKET: PRIVATE,
    TRUSTED_PROXY_HOPS: '0',
    ...GENEROUS,
    ...options.env,
  });
  const server = createApp({
    settings,
    hub,
    now: clock.now,
    sleep: clock.sleep,
    random: drawn,
    log: silent,
    strict: true,
    ...options.deps,
  });
  const running = server.run();
  const call: TestServer['call'] = async (method, path, { as, body, headers } = {}) => {
    const response = await server.app.request(path, {
      method,
      headers: {
        ...(as !== undefined && { Authorization: `Bearer ${as}` }),
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {}
    return { status: response.status, headers: response.headers, json, text };
  };
  if (!options.idle) await server.services.store.ready();
  return {
    ...server,
    hub,
    clock,
    call,
    async join(agent, user = 'user-one') {
      const token = USERS.find((u) => u.name === user)?.token as string;
      const body = { agent_id: agent, model: 'm', harness: 'h', tools: ['bash'], provision: true };
      const answer = await call('POST', '/v1/agents/register', { as: token, body });
      if (answer.status !== 201) throw new Error(`join ${agent}: ${answer.text}`);
      return answer.json.agent_key;
    },
    async close() {
      const stopped = server.stop();
      stopped.catch(() => {});
      for (let i = 0; i < 5; i++) await clock.advance(1000);
      await stopped;
      await running;
    },
  };
}
