/** Simulated agents: each posts, replies, publishes and polls, and repeats every write until it is told its name. */
import { randomInt } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Server } from './processes.ts';

export interface Told {
  body: string;
  author: string;
  /** Inboxes it went to. */
  to: string[];
}

/** What agents were told, and what they saw. */
export interface Ledger {
  messages: Map<string, Told>;
  results: Map<string, Told>;
  /** By handle, in the order the cursor gave them. */
  inboxes: Map<string, string[]>;
  statuses: Map<number, number>;
  latencies: number[];
  reads: number;
  repeats: number;
  problems: string[];
}

export const newLedger = (): Ledger => ({
  messages: new Map(),
  results: new Map(),
  inboxes: new Map(),
  statuses: new Map(),
  latencies: [],
  reads: 0,
  repeats: 0,
  problems: [],
});

export interface Answer {
  status: number;
  json: Record<string, any>;
}

/** One request; any failure of the connection is status 0. */
export async function call(
  server: Server,
  method: string,
  path: string,
  credential: string,
  body?: unknown,
  key?: string,
): Promise<Answer> {
  try {
    const response = await fetch(server.url + path, {
      method,
      headers: {
        authorization: `Bearer ${credential}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(key && { 'idempotency-key': key }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(60_000),
    });
    return { status: response.status, json: (await response.json()) as Record<string, any> };
  } catch {
    return { status: 0, json: {} };
  }
}

/** Repeats with the same key until the server says 201. */
async function sure(
  server: Server,
  ledger: Ledger,
  path: string,
  credential: string,
  body: unknown,
  key: string,
) {
  for (;;) {
    const from = performance.now();
    const answer = await call(server, 'POST', path, credential, body, key);
    ledger.statuses.set(answer.status, (ledger.statuses.get(answer.status) ?? 0) + 1);
    if (answer.status === 201) {
      ledger.latencies.push(performance.now() - from);
      return answer.json;
    }
    if (![0, 429, 503].includes(answer.status))
      throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.json)}`);
    await wait(300 + randomInt(700));
  }
}

/** Follows a cursor to its end or, with `once`, for one page. @returns whether the end was reached. */
export async function follow(
  server: Server,
  ledger: Ledger,
  path: string,
  credential: string,
  seen: string[],
): Promise<boolean> {
  const after = seen.length > 0 ? `&after=${seen.at(-1)}` : '';
  const page = await call(server, 'GET', `${path}?order=asc&limit=500${after}`, credential);
  if (page.status !== 200) return false;
  ledger.reads++;
  seen.push(...page.json.items);
  return page.json.items.length === 0;
}

interface World {
  server: Server;
  ledger: Ledger;
  agents: number;
  until: number;
  /** Mean pause between two writes of one agent, ms. */
  pauseMs: number;
}

const describeResult = (id: string, n: number) =>
  `---\nscore: ${n + 1}\nmethod: m\nstatus: agent-run\ndescription: run ${n} of ${id}\n---\nresult ${n} of ${id}\n`;

export async function agent(world: World, i: number): Promise<void> {
  const { server, ledger, agents, until, pauseMs } = world;
  const id = `agent-${i}`;
  const card = await sure(
    server,
    ledger,
    '/v1/agents/register',
    `hf_user-${i}`,
    { agent_id: id, model: 'm', harness: 'h', provision: true },
    `join-${i}`,
  );
  const key = card.agent_key as string;
  const seen: string[] = [];
  ledger.inboxes.set(id, seen);
  const write = async (path: string, body: Record<string, unknown>, name: string) => {
    const answer = await sure(server, ledger, path, key, { agent_id: id, ...body }, name);
    if (randomInt(20) > 0) return answer;
    const again = await sure(server, ledger, path, key, { agent_id: id, ...body }, name);
    ledger.repeats++;
    if (again.filename !== answer.filename)
      ledger.problems.push(`a repeat of ${answer.filename} made ${again.filename}`);
    return answer;
  };
  const keep = (kind: 'messages' | 'results', answer: Record<string, any>, body: string) => {
    if (ledger[kind].has(answer.filename)) ledger.problems.push(`${answer.filename} was given twice`);
    ledger[kind].set(answer.filename, { body, author: id, to: answer.mentions_delivered ?? [] });
  };
  for (let n = 0; Date.now() < until; n++) {
    const what = randomInt(10);
    if (what === 0) {
      const text = describeResult(id, n);
      const answer = await write('/v1/results', { body: text }, `${id}-r${n}`);
      keep('results', answer, `result ${n} of ${id}`);
    } else {
      const reply = what < 4 && seen.length > 0 ? seen[randomInt(seen.length)] : undefined;
      const body = reply ? `reply ${n} of ${id}` : `note ${n} of ${id} for @agent-${randomInt(agents)}`;
      const answer = await write('/v1/messages', { body, ...(reply && { refs: reply }) }, `${id}-${n}`);
      keep('messages', answer, body);
    }
    await follow(server, ledger, `/v1/inbox/${id}`, key, seen);
    await wait(randomInt(pauseMs * 2));
  }
}
