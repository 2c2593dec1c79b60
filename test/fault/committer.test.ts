/**
 * The committer against a reference model: random posts, retries, lost answers, refusals, outages, kills and restarts.
 * No acknowledged write is lost, none appears twice, and a cursor never skips.
 */
import type { HubPort } from '@collab/hub/port.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hubError, type MemoryHub } from '../helpers/memory-hub.ts';
import { CENTRAL, startTestServer, type TestServer, testClock, testHub } from '../helpers/server.ts';

type Step =
  | { kind: 'post'; agent: number; result: boolean }
  | { kind: 'retry'; op: number }
  | { kind: 'fault'; fault: Fault; times: number }
  | { kind: 'advance'; ms: number }
  | { kind: 'clock-back' }
  | { kind: 'poll' }
  | { kind: 'restart' };

const FAULTS = [
  'lost-answer',
  'lost-request',
  'down',
  'refuse-board',
  'refuse-result',
  'refuse-index',
  'refuse-inbox',
  'blind',
  'none',
] as const;
type Fault = (typeof FAULTS)[number];

const INDEX = 'results/verification_status.json';

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('post' as const), agent: fc.nat(2), result: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('retry' as const), op: fc.nat(40) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('fault' as const),
      fault: fc.constantFrom(...FAULTS),
      times: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 40_000 }) }),
  },
  { weight: 4, arbitrary: fc.constant({ kind: 'poll' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'clock-back' as const }) },
);

interface Op {
  id: number;
  agent: number;
  /** A result, or a message. */
  result: boolean;
  acknowledged: string | null;
}

/** A hub that one server life sees: when the life ends, nothing of it reaches the bucket any more. */
function lifeOf(hub: MemoryHub): { hub: MemoryHub; kill(): void } {
  let dead = false;
  const guarded = new Proxy(hub, {
    get(target, name, self) {
      const value = Reflect.get(target, name, self);
      if (
        typeof value !== 'function' ||
        !(
          name in ({ write: 1, readFile: 1, listFiles: 1, pathsInfo: 1 } as Partial<Record<keyof HubPort, 1>>)
        )
      )
        return value;
      return (...args: unknown[]) =>
        dead ? Promise.reject(hubError('unavailable')) : value.apply(target, args);
    },
  });
  return { hub: guarded, kill: () => (dead = true) };
}

class World {
  private readonly clock = testClock();
  private readonly hub = testHub(this.clock);
  private life = lifeOf(this.hub);
  private server!: TestServer;
  private readonly keys: string[] = [];
  private readonly ops: Op[] = [];
  private readonly flights: Promise<unknown>[] = [];
  private cursor: string | null = null;
  private readonly seen: string[] = [];
  private skew = 0;
  private fault: Fault = 'none';
  private times = 0;

  async begin(): Promise<void> {
    this.arm();
    await this.boot();
    for (const [i, user] of ['user-one', 'user-two', 'user-one'].entries())
      this.keys.push(await this.server.join(`a${i}`, user));
  }

  private arm(): void {
    const due = (fault: Fault) => this.fault === fault && this.times > 0 && this.times-- > 0;
    const central = (args: unknown[]) => args[0] === CENTRAL;
    this.hub.fault = (name, args) => {
      if (name === 'write' && central(args) && due('lost-request')) throw hubError('unknown_outcome');
      if (name === 'write' && central(args) && due('down')) throw hubError('unavailable');
      if ((name === 'pathsInfo' || name === 'write') && central(args) && due('blind'))
        throw hubError('unknown_outcome');
    };
    this.hub.afterWrite = (bucket) => {
      if (bucket === CENTRAL && due('lost-answer')) throw hubError('unknown_outcome');
    };
    this.hub.refuse = (path) =>
      (path.startsWith('message_board/') && due('refuse-board')) ||
      (path.startsWith('results/2') && due('refuse-result')) ||
      (path === INDEX && due('refuse-index')) ||
      (path.startsWith('inbox/') && due('refuse-inbox'));
  }

  private async boot(): Promise<void> {
    this.life = lifeOf(this.hub);
    const clock = { ...this.clock, now: () => this.clock.now() + this.skew };
    this.server = await startTestServer({ clock, hub: this.life.hub });
  }

  private send(op: Op): void {
    const server = this.server;
    const text = `op ${op.id} for @a${(op.agent + 1) % 3}`;
    const body = { agent_id: `a${op.agent}`, body: op.result ? resultText(text) : text };
    const headers = { 'Idempotency-Key': `op-${op.id}` };
    const flight = server
      .call('POST', op.result ? '/v1/results' : '/v1/messages', { as: this.keys[op.agent], body, headers })
      .then((answer) => {
        if (answer.status === 201) {
          if (op.acknowledged !== null) expect(answer.json.filename).toBe(op.acknowledged);
          op.acknowledged = answer.json.filename;
        } else expect([op.id, answer.status]).toEqual([op.id, 503]);
      });
    this.flights.push(flight);
  }

  private async poll(): Promise<void> {
    const after = this.cursor === null ? '' : `&after=${this.cursor}`;
    const { json } = await this.server.call('GET', `/v1/messages?order=asc&limit=3${after}`);
    this.seen.push(...json.items);
    this.cursor = json.cursor;
  }

  async run(s: Step): Promise<void> {
    if (s.kind === 'post') {
      const op = { id: this.ops.length, agent: s.agent, result: s.result, acknowledged: null };
      this.ops.push(op);
      this.send(op);
      await new Promise((turn) => setImmediate(turn));
    } else if (s.kind === 'retry') {
      const op = this.ops[s.op % Math.max(1, this.ops.length)];
      if (op) this.send(op);
    } else if (s.kind === 'fault') [this.fault, this.times] = [s.fault, s.times];
    else if (s.kind === 'advance') await this.clock.advance(s.ms);
    else if (s.kind === 'clock-back') this.skew -= 5_000;
    else if (s.kind === 'poll') await this.poll();
    else await this.restart();
  }

  /** Like kill -9: what the Hub has not taken is gone, and the callers never hear. */
  private async restart(): Promise<void> {
    this.fault = 'none';
    this.life.kill();
    this.flights.length = 0;
    void this.server.close().catch(() => {});
    await this.clock.advance(60_000);
    await this.boot();
  }

  /** Heals the Hub, lets every client retry to the end, and compares with the model. */
  async finish(): Promise<void> {
    this.fault = 'none';
    await this.clock.advance(120_000);
    await Promise.all(this.flights);
    for (const op of this.ops.filter((o) => o.acknowledged === null)) this.send(op);
    await this.clock.advance(120_000);
    await Promise.all(this.flights);
    await this.clock.advance(60_000);
    const paths = [...(this.hub.buckets.get(CENTRAL)?.files.keys() ?? [])];
    const inBucket = (folder: string) =>
      paths.filter((p) => p.startsWith(`${folder}/2`)).map((p) => p.slice(folder.length + 1));
    const messages = this.ops.filter((op) => !op.result);
    const board = inBucket('message_board').sort();
    expect(board).toEqual(messages.map((o) => o.acknowledged).sort());
    for (const op of messages)
      expect(this.hub.textOf(CENTRAL, `message_board/${op.acknowledged}`)).toContain(`op ${op.id} for`);
    await this.checkResults(
      inBucket('results').sort(),
      paths.filter((p) => p.startsWith('results/verdicts/')),
    );
    const copies = paths.filter((p) => p.startsWith('inbox/'));
    for (const agent of [0, 1, 2]) {
      const wanted = messages
        .filter((o) => (o.agent + 1) % 3 === agent)
        .map((o) => o.acknowledged as string)
        .sort();
      const { json } = await this.server.call('GET', `/v1/inbox/a${agent}?order=asc&limit=1000`);
      expect(json.items).toEqual(wanted);
      expect(copies).toEqual(expect.arrayContaining(wanted.map((name) => `inbox/a${agent}/${name}`)));
    }
    for (let i = 0; i < board.length + 2; i++) await this.poll();
    expect(this.seen).toEqual(board);
    await this.server.close();
  }

  /** Each is there once and waits; whatever failed on the way was taken for nobody's verdict. */
  private async checkResults(results: string[], verdicts: string[]): Promise<void> {
    expect(results).toEqual(
      this.ops
        .filter((o) => o.result)
        .map((o) => o.acknowledged)
        .sort(),
    );
    expect(verdicts).toEqual([]);
    const { json } = await this.server.call('GET', '/v1/results?order=asc&limit=1000');
    expect(json.items).toEqual(results);
    const index = JSON.parse(this.hub.textOf(CENTRAL, INDEX) ?? '{}');
    for (const name of results) expect(index[name]).toBe('pending');
  }
}

const resultText = (text: string) =>
  `---\nscore: 1\nmethod: m\nstatus: agent-run\ndescription: d\n---\n${text}\n`;

describe('committer', () => {
  it('C1 C8 C24: agrees with the model under every interleaving', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const world = new World();
        await world.begin();
        for (const s of steps) await world.run(s);
        await world.finish();
      }),
      { numRuns: Number(process.env.COLLAB_RUNS ?? 30), timeout: 120_000 },
    );
  });
});
