/** Jobs under faults, crashes and restarts, in random order: never over a limit, never unpaid, never forgotten. */
import { HubError } from '@collab/hub/port.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Ledger, readLedger, spentUsd } from '../../templates/backend/domain/quota/ledger.ts';
import type { MemoryHub } from '../helpers/memory-hub.ts';
import { withJobs } from '../helpers/memory-jobs.ts';
import { ORG, PRIVATE, startTestServer, type TestServer, testClock, testHub } from '../helpers/server.ts';

const ENV = {
  JOBS_ENABLED: 'true',
  JOB_PER_AGENT_PER_DAY: '3',
  JOB_USD_PER_HOUR: '6',
  JOB_TIMEOUT_MINUTES: '10',
  JOB_BUDGET_USD: '8',
  JOB_WATCH_POLL_S: '30',
  JOB_WATCH_GRACE_S: '10',
  VERIFICATION_MODE: 'jobs',
  VERIFIER_FRESH_RUNS: '0',
  VERIFIER_PER_USER_PER_DAY: '4',
};
const DAY = 86_400_000;

type Step =
  | { op: 'run' }
  | { op: 'result' }
  | { op: 'end'; which: number; ok: boolean }
  | { op: 'restart' }
  /** SIGKILL so long after a request came in. */
  | { op: 'kill'; during: 'run' | 'result' | 'nothing'; afterMs: number }
  | { op: 'wait'; minutes: number }
  | {
      op: 'fault';
      fault:
        | 'none'
        | 'launch refused'
        | 'answer lost'
        | 'answer lost, listing down'
        | 'lost before'
        | 'ledger down'
        | 'hub down';
    };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Step>({ op: 'run' }) },
  { weight: 2, arbitrary: fc.constant<Step>({ op: 'result' }) },
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constant('end' as const), which: fc.nat(9), ok: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ op: 'restart' }) },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant('kill' as const),
      during: fc.constantFrom('run' as const, 'result' as const, 'nothing' as const),
      afterMs: fc.constantFrom(0, 1, 5, 40, 2_000, 31_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constant('wait' as const), minutes: fc.constantFrom(1, 5, 30, 500) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant('fault' as const),
      fault: fc.constantFrom(
        'none',
        'launch refused',
        'answer lost',
        'answer lost, listing down',
        'lost before',
        'ledger down',
        'hub down',
      ),
    }) as fc.Arbitrary<Step>,
  },
);

/** The hub as one process sees it: after `kill` no answer ever reaches that process, though what it asked may happen. */
function mortal(hub: MemoryHub): { hub: MemoryHub; kill(): void } {
  let dead = false;
  const never = new Promise<never>(() => {});
  const seen = new Proxy(hub, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (dead) return never;
        const answer: unknown = value.apply(target, args);
        return answer instanceof Promise ? answer.then((told) => (dead ? never : told)) : answer;
      };
    },
  });
  return { hub: seen, kill: () => void (dead = true) };
}

class World {
  readonly clock = testClock();
  readonly hub = testHub(this.clock);
  readonly jobs = withJobs(this.hub, this.clock.now);
  server!: TestServer;
  key = '';
  process!: ReturnType<typeof mortal>;
  fault = 'none';
  runs = 0;

  async start(): Promise<void> {
    this.process = mortal(this.hub);
    this.server = await startTestServer({
      ...{ clock: this.clock, hub: this.hub, env: ENV, idle: true },
      deps: { hub: this.process.hub },
    });
    await this.clock.advance(5_000);
  }

  install(): void {
    const fail = (kind: 'unavailable' | 'payment' | 'unknown_outcome') => {
      throw new HubError(kind, 'fault', { url: 'x' });
    };
    this.hub.fault = (call, args) => {
      if (this.fault === 'hub down' && call !== 'whoami') fail('unavailable');
      if (this.fault === 'ledger down' && call === 'write' && JSON.stringify(args).includes('job_ledger'))
        fail('unavailable');
    };
    this.jobs.beforeLaunch(() => {
      if (this.fault === 'launch refused') fail('payment');
      if (this.fault === 'lost before') fail('unknown_outcome');
      if (this.fault === 'hub down') fail('unavailable');
    });
    const list = this.hub.jobs;
    this.hub.jobs = async (org, labels) => {
      if (this.fault.endsWith('listing down') || this.fault === 'hub down') fail('unavailable');
      return list(org, labels);
    };
    this.jobs.afterLaunch(() => {
      if (this.fault.startsWith('answer lost')) fail('unknown_outcome');
    });
  }

  async take(step: Step): Promise<void> {
    if (step.op === 'run') await this.run();
    if (step.op === 'result') await this.result();
    if (step.op === 'wait') await this.clock.advance(step.minutes * 60_000);
    if (step.op === 'fault') this.fault = step.fault;
    if (step.op === 'restart') await this.restart();
    if (step.op === 'kill') await this.kill(step.during, step.afterMs);
    if (step.op === 'end') {
      const running = this.jobs.launched.filter(({ info }) => info.stage === 'RUNNING');
      const job = running[step.which % Math.max(1, running.length)];
      const state = { 'summary.json': JSON.stringify({ score: 5, provenance: { submission_sha256: 'a' } }) };
      if (job) this.jobs.end(job.info.id, step.ok ? { state } : { stage: 'ERROR', message: 'exit code: 1' });
    }
    await this.clock.advance(1_000);
  }

  /** Nobody waits for the answer: it never comes. */
  async kill(during: 'run' | 'result' | 'nothing', afterMs: number): Promise<void> {
    if (during === 'run') void this.askRun();
    if (during === 'result') void this.askResult();
    await this.clock.advance(afterMs);
    this.process.kill();
    const fault = this.fault;
    this.fault = 'none';
    await this.start();
    this.fault = fault;
  }

  askRun() {
    const body = { agent_id: 'bob', submission_prefix: 'sub', run_prefix: `runs/${this.runs++}` };
    return this.server.call('POST', '/v1/jobs:run', { as: this.key, body });
  }

  async run(): Promise<void> {
    const answer = this.askRun();
    await this.clock.advance(60_000);
    expect([202, 402, 429, 502, 503]).toContain((await answer).status);
  }

  askResult() {
    const head = {
      score: 5 + this.runs++,
      method: 'm',
      status: 'agent-run',
      description: 'd',
      submission: 'sub',
    };
    const body = { agent_id: 'bob', frontmatter: head, body: '' };
    return this.server.call('POST', '/v1/results', { as: this.key, body });
  }

  async result(): Promise<void> {
    const answer = this.askResult();
    await this.clock.advance(200_000);
    expect([201, 503]).toContain((await answer).status);
  }

  async restart(): Promise<void> {
    const fault = this.fault;
    this.fault = 'none';
    await this.server.close();
    await this.start();
    this.fault = fault;
  }

  ledger(): Ledger {
    return readLedger(this.hub.textOf(PRIVATE, 'quota/job_ledger.jsonl'));
  }

  /** Holds after every step. */
  check(): void {
    const started = this.jobs.launched.map(({ info }) => ({
      at: Date.parse(info.createdAt),
      labels: info.labels,
    }));
    const benchmarks = started.filter(({ labels }) => labels.task === 'test-benchmark');
    const verifications = started.filter(({ labels }) => labels.task === 'test-verification');
    for (const [kind, limit] of [
      [benchmarks, 3],
      [verifications, 4],
    ] as const)
      for (const { at } of kind)
        expect(kind.filter((other) => other.at > at - DAY && other.at <= at).length).toBeLessThanOrEqual(
          limit,
        );
    expect(spentUsd(this.ledger())).toBeLessThanOrEqual(8 + 1e-6);
    const ids = started.map(({ labels }) => labels.run);
    expect(new Set(ids).size).toBe(ids.length);
  }
}

describe('jobs under faults', () => {
  it('property: limits, budget and one launch per reservation hold in any order; everything is settled at the end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
        const world = new World();
        await world.start();
        world.key = await world.server.join('bob');
        world.hub.seed(`${ORG}/test-bob`, { 'sub/serve.py': 'x' });
        world.install();
        for (const each of steps) {
          await world.take(each);
          world.check();
        }
        world.fault = 'none';
        // Every job ends by itself or is cancelled; then nothing may be left open.
        await world.clock.advance(2 * 3_600_000);
        world.check();
        const open = world
          .ledger()
          .entries.filter((entry) => entry.state === 'reserved' || entry.state === 'launched');
        expect(open).toEqual([]);
        expect(world.jobs.launched.filter(({ info }) => info.stage === 'RUNNING')).toEqual([]);
        await world.server.close();
      }),
      { numRuns: Number(process.env.FC_RUNS ?? 8), seed: Number(process.env.FC_SEED ?? 1) },
    );
  });
});
