/**
 * The only writer of the central bucket. Drafts queue; a group is stamped, built, written in one batch, acknowledged;
 * only then comes the next group. Visible order is stamp order.
 */
import { ApiError } from '@collab/contract/errors.ts';
import { fileStamp, isoStamp, minuteStamp } from '@collab/contract/stamps.ts';
import { type BucketWrite, HubError } from '@collab/hub/port.ts';
import { hubFailure } from './hub-failure.ts';
import { type Outcome, type Pursuit, pursue, unsettled } from './settle.ts';
import type { Committed, Draft, DraftFiles, Moment, SharedFile } from './types.ts';

const MAX_GROUP = 64;
/** Files of one batch: the Hub takes 1,000 operations. */
const MAX_FILES = 900;
const MAX_QUEUE = 2_000;
/** How long a caller waits for an unknown outcome before it is told so, in ms. */
const DOUBT_MS = 20_000;

interface Job {
  draft: Draft<unknown>;
  settle: { resolve(done: Committed<unknown>): void; reject(error: unknown): void };
}

/** A draft that has its stamp and files. */
export interface Built {
  job: Job;
  at: Moment;
  files: DraftFiles;
  answer: unknown;
}

export interface CommitterDeps {
  pursuit: Omit<Pursuit, 'onDoubt' | 'stopped'>;
  now(): number;
  signal: AbortSignal;
  /** Throws NOT_WRITER when somebody else writes this bucket. */
  checkOwner(): Promise<void>;
  /** Shows the written files to readers. */
  apply(written: readonly DraftFiles[]): void;
  /** Soft copies to deliver later, and files of refused drafts to take away. */
  journal(entries: {
    adds: { path: string; content: string | Uint8Array }[];
    deletes: string[];
  }): Promise<void>;
  report(event: string, fields: Record<string, unknown>): void;
}

export class Committer {
  private readonly queue: Job[] = [];
  private running = false;
  private last = 0;
  private idle: (() => void)[] = [];
  /** Groups written. */
  groups = 0;
  private readonly deps: CommitterDeps;

  constructor(deps: CommitterDeps) {
    this.deps = deps;
  }

  /** No later stamp is at or below `ms`: called with the newest stamp of the record. */
  notBefore(ms: number): void {
    this.last = Math.max(this.last, ms);
  }

  get waiting(): number {
    return this.queue.length;
  }

  submit<T>(draft: Draft<T>): Promise<Committed<T>> {
    if (this.deps.signal.aborted || this.queue.length >= MAX_QUEUE)
      return Promise.reject(
        new ApiError('HUB_UNAVAILABLE', 'too many writes are waiting', { retryAfterS: 10 }),
      );
    return new Promise((resolve, reject) => {
      this.queue.push({
        draft: draft as Draft<unknown>,
        settle: { resolve: resolve as (done: Committed<unknown>) => void, reject },
      });
      if (!this.running) void this.run();
    });
  }

  /** Resolves when nothing is queued or being written. */
  drained(): Promise<void> {
    return this.running ? new Promise((done) => this.idle.push(done)) : Promise.resolve();
  }

  private async run(): Promise<void> {
    this.running = true;
    // Writes that arrive in the same turn share a batch.
    await Promise.resolve();
    while (this.queue.length > 0) await this.commit(this.takeGroup());
    this.running = false;
    for (const done of this.idle.splice(0)) done();
  }

  /** First drafts of the queue that share no lock; the rest keep their order. */
  private takeGroup(): Job[] {
    const held = new Set<string>();
    const group: Job[] = [];
    const rest: Job[] = [];
    for (const job of this.queue.splice(0)) {
      const locks = job.draft.locks ?? [];
      const free = group.length < MAX_GROUP && !locks.some((lock) => held.has(lock));
      (free ? group : rest).push(job);
      // A lock of a draft that has to wait is held too: nobody overtakes it.
      for (const lock of locks) held.add(lock);
    }
    this.queue.push(...rest);
    return group;
  }

  private moment(): Moment {
    this.last = Math.max(this.deps.now(), this.last + 1);
    return {
      ms: this.last,
      file: fileStamp(this.last),
      minute: minuteStamp(this.last),
      iso: isoStamp(this.last),
    };
  }

  private async commit(group: Job[]): Promise<void> {
    const built = group.flatMap((job) => this.build(job));
    for (const batch of chunk(built)) await this.writeBatch(batch);
  }

  private build(job: Job): Built[] {
    const at = this.moment();
    try {
      const { files, answer } = job.draft.build(at);
      if (files !== null) return [{ job, at, files, answer }];
      job.settle.resolve({ answer, at, pending: [] });
    } catch (error) {
      job.settle.reject(error);
    }
    return [];
  }

  private async writeBatch(built: Built[]): Promise<void> {
    const stopWaiting = new AbortController();
    try {
      const shared = sharedFiles(built);
      await this.deps.checkOwner();
      const outcome = await pursue(
        {
          ...this.deps.pursuit,
          stopped: () => this.deps.signal.aborted,
          onDoubt: () => this.warnAfter(built, stopWaiting.signal),
        },
        batchOf([...built.map((b) => b.files), shared]),
      );
      stopWaiting.abort();
      await this.finish(built, shared, outcome);
    } catch (error) {
      stopWaiting.abort();
      for (const b of built) b.job.settle.reject(error);
    }
  }

  /** Tells the callers of a group in doubt that it is in doubt, while the pursuit goes on. */
  private warnAfter(built: Built[], done: AbortSignal): void {
    this.deps.report('write_in_doubt', { files: built.flatMap((b) => pathsOf(b.files)).slice(0, 20) });
    void this.deps.pursuit.sleep(DOUBT_MS, done).then(() => {
      if (done.aborted) return;
      for (const b of built) b.job.settle.reject(unsettled());
    });
  }

  private async finish(built: Built[], shared: DraftFiles, outcome: Outcome): Promise<void> {
    if (outcome.kind === 'refused') {
      if (built.length > 1 && isPoison(outcome.error)) {
        for (const b of built) await this.writeBatch([b]);
        return;
      }
      return hubFailure('take the write')(outcome.error);
    }
    this.groups++;
    const good = built.filter((b) => hardFailures(b.files, outcome.failed).length === 0);
    const rendered = shared.adds?.filter(({ path }) => !outcome.failed.has(path));
    this.deps.apply([...good.map((b) => b.files), { adds: rendered }]);
    await this.deps.journal({
      adds: good.flatMap((b) => softFailures(b.files, outcome.failed)),
      deletes: built.filter((b) => !good.includes(b)).flatMap((b) => this.leftovers(b, outcome.failed)),
    });
    for (const b of built) this.answer(b, outcome.failed);
  }

  private answer(b: Built, failed: ReadonlyMap<string, string>): void {
    const hard = hardFailures(b.files, failed);
    if (hard.length === 0) {
      const pending = softFailures(b.files, failed).map((a) => a.path);
      b.job.settle.resolve({ answer: b.answer, at: b.at, pending });
      return;
    }
    this.deps.report('write_refused', { paths: hard.slice(0, 20) });
    const all = pathsOf(b.files).length;
    b.job.settle.reject(
      new ApiError('HUB_UNAVAILABLE', `the Hub refused ${hard.length} of ${all} files; nothing is shown`, {
        retryAfterS: 5,
      }),
    );
  }

  /** New files of a refused draft that the Hub took nevertheless. */
  private leftovers(b: Built, failed: ReadonlyMap<string, string>): string[] {
    return (b.files.adds ?? [])
      .map((a) => a.path)
      .filter((path) => !failed.has(path) && !this.deps.pursuit.existed(path));
  }
}

/** The Hub looked at the batch and said no: one bad draft must not take the others along. */
const isPoison = (error: unknown) =>
  error instanceof HubError && ['invalid', 'forbidden', 'missing', 'conflict'].includes(error.kind);

const pathsOf = (f: DraftFiles) =>
  [...(f.adds ?? []), ...(f.copies ?? []), ...(f.part ? [f.part.file] : [])].map((x) => x.path);

const hardFailures = (f: DraftFiles, failed: ReadonlyMap<string, string>) =>
  [...pathsOf(f), ...(f.deletes ?? [])].filter((path) => failed.has(path) && !f.soft?.includes(path));

const softFailures = (f: DraftFiles, failed: ReadonlyMap<string, string>) =>
  (f.adds ?? []).filter((a) => failed.has(a.path) && f.soft?.includes(a.path));

function batchOf(files: readonly DraftFiles[]): BucketWrite {
  return {
    adds: files.flatMap((f) => f.adds ?? []),
    copies: files.flatMap((f) =>
      (f.copies ?? []).map(({ path, xetHash, sourceBucket }) => ({ path, xetHash, sourceBucket })),
    ),
    deletes: files.flatMap((f) => f.deletes ?? []),
  };
}

/** Files that drafts of the batch share, each rendered once from what all of them change; a later draft's word counts. */
function sharedFiles(built: readonly Built[]): DraftFiles {
  const changed = new Map<SharedFile, Map<string, string>>();
  for (const { part } of built.map((b) => b.files)) {
    if (!part) continue;
    const changes = changed.get(part.file) ?? new Map<string, string>();
    for (const [key, value] of part.changes) changes.set(key, value);
    changed.set(part.file, changes);
  }
  return {
    adds: [...changed].map(([file, changes]) => ({ path: file.path, content: file.render(changes) })),
  };
}

/** Groups of drafts whose files fit one batch; a draft is never split. */
function chunk(built: Built[]): Built[][] {
  const out: Built[][] = [];
  let files = 0;
  for (const b of built) {
    const n = pathsOf(b.files).length + (b.files.deletes?.length ?? 0);
    if (out.length === 0 || files + n > MAX_FILES) {
      out.push([]);
      files = 0;
    }
    out.at(-1)?.push(b);
    files += n;
  }
  return out;
}
