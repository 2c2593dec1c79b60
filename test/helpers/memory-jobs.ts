/** Jobs of a hub in memory: a job is a function of its spec that ends when the test says so. */
import type { JobInfo, JobSpec } from '@collab/hub/port.ts';
import type { MemoryHub } from './memory-hub.ts';

export interface JobEnd {
  /** Default COMPLETED. */
  stage?: string;
  message?: string;
  /** Files the job leaves in its /state. */
  state?: Record<string, string>;
  logs?: string[];
}

export interface MemoryJobs {
  /** Launched jobs, oldest first. */
  readonly launched: { info: JobInfo; spec: JobSpec }[];
  /** What a job does; by default it stays running until `end`. */
  behave(run: (spec: JobSpec) => JobEnd | null): void;
  end(id: string, how: JobEnd): void;
  /** Called before a launch counts; throw to refuse it. */
  beforeLaunch(hook: (spec: JobSpec) => void): void;
  /** Called after a launch counted; throw to lose the answer. */
  afterLaunch(hook: (spec: JobSpec) => void): void;
}

const TERMINAL = ['COMPLETED', 'ERROR', 'CANCELED', 'DELETED'];

/** Gives the hub a job runner. */
export function withJobs(hub: MemoryHub, now: () => number): MemoryJobs {
  const launched: MemoryJobs['launched'] = [];
  const logs = new Map<string, string[]>();
  let behaviour: (spec: JobSpec) => JobEnd | null = () => null;
  let before: (spec: JobSpec) => void = () => {};
  let after: (spec: JobSpec) => void = () => {};

  function end(id: string, how: JobEnd): void {
    const job = launched.find(({ info }) => info.id === id);
    if (!job || TERMINAL.includes(job.info.stage)) return;
    const state = job.spec.volumes?.find((volume) => volume.mountPath === '/state');
    const files = Object.entries(how.state ?? {}).map(([name, text]) => [`${state?.path}/${name}`, text]);
    if (state) hub.seed(state.source, Object.fromEntries(files));
    logs.set(id, how.logs ?? ['a line']);
    Object.assign(job.info, {
      stage: how.stage ?? 'COMPLETED',
      message: how.message,
      finishedAt: new Date(now()).toISOString(),
    });
  }

  Object.assign(hub, {
    async runJob(_org: string, spec: JobSpec): Promise<JobInfo> {
      before(spec);
      const at = new Date(now()).toISOString();
      const id = `j${launched.length + 1}`;
      const { flavor, labels = {} } = spec;
      const url = `http://hub.test/jobs/${id}`;
      const info: JobInfo = { id, stage: 'RUNNING', createdAt: at, startedAt: at, flavor, labels, url };
      launched.push({ info, spec });
      const how = behaviour(spec);
      if (how) end(id, how);
      after(spec);
      return { ...info };
    },
    async job(_org: string, id: string) {
      const job = launched.find(({ info }) => info.id === id);
      return job ? { ...job.info } : null;
    },
    async jobs(_org: string, labels: Record<string, string> = {}) {
      const fits = (info: JobInfo) =>
        Object.entries(labels).every(([key, value]) => info.labels[key] === value);
      return launched.filter(({ info }) => fits(info)).map(({ info }) => ({ ...info }));
    },
    async jobLogs(_org: string, id: string) {
      return logs.get(id) ?? [];
    },
    async cancelJob(_org: string, id: string) {
      end(id, { stage: 'CANCELED' });
    },
  });

  return {
    launched,
    end,
    behave: (run) => {
      behaviour = run;
    },
    beforeLaunch: (hook) => {
      before = hook;
    },
    afterLaunch: (hook) => {
      after = hook;
    },
  };
}
