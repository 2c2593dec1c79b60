/** Copies that the Hub refused once, and leftovers of refused writes: retried until done, across restarts. */
import type { HubPort } from '@collab/hub/port.ts';
import type { Log } from '../log.ts';
import type { PrivateFiles } from './types.ts';

const FILE = 'journal/pending.json';

interface Pending {
  adds: Record<string, string>;
  deletes: string[];
}

export interface JournalDeps {
  hub: HubPort;
  bucket: string;
  files: PrivateFiles;
  log: Log;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  signal: AbortSignal;
  /** A copy left by an earlier process has arrived. */
  delivered(path: string, content: string): void;
}

export class Journal {
  private pending: Pending = { adds: {}, deletes: [] };
  private working = false;
  private readonly deps: JournalDeps;

  constructor(deps: JournalDeps) {
    this.deps = deps;
  }

  get size(): number {
    return Object.keys(this.pending.adds).length + this.pending.deletes.length;
  }

  /** Takes up what an earlier process left. */
  async resume(): Promise<void> {
    const left = await this.deps.files.readJson<Pending>(FILE);
    if (!left) return;
    this.pending.adds = { ...left.adds, ...this.pending.adds };
    this.pending.deletes.push(...left.deletes);
    this.start();
  }

  /** Resolves when the entries are safe in the private bucket, or could not be put there. */
  async add(more: {
    adds: { path: string; content: string | Uint8Array }[];
    deletes: string[];
  }): Promise<void> {
    if (more.adds.length + more.deletes.length === 0) return;
    for (const { path, content } of more.adds)
      this.pending.adds[path] = typeof content === 'string' ? content : new TextDecoder().decode(content);
    this.pending.deletes.push(...more.deletes);
    await this.save();
    this.start();
  }

  private start(): void {
    if (!this.working) void this.work();
  }

  private async work(): Promise<void> {
    this.working = true;
    for (let attempt = 0; this.size > 0 && !this.deps.signal.aborted; attempt++) {
      await this.deps.sleep(Math.min(1000 * 2 ** attempt, 60_000), this.deps.signal);
      if (this.deps.signal.aborted) break;
      await this.deliver();
      await this.save();
    }
    this.working = false;
  }

  private async save(): Promise<void> {
    await this.deps.files
      .writeJson(FILE, this.pending)
      .catch((error: unknown) => this.deps.log('warn', 'journal_unsaved', { error }));
  }

  private async deliver(): Promise<void> {
    const adds = Object.entries(this.pending.adds).map(([path, content]) => ({ path, content }));
    const deletes = [...this.pending.deletes];
    try {
      const { failed } = await this.deps.hub.write(this.deps.bucket, { adds, deletes });
      const refused = new Set(failed.map((f) => f.path));
      for (const { path, content } of adds) {
        if (refused.has(path)) continue;
        delete this.pending.adds[path];
        this.deps.delivered(path, content);
      }
      this.pending.deletes = this.pending.deletes.filter((p) => !deletes.includes(p) || refused.has(p));
    } catch (error) {
      this.deps.log('warn', 'journal_retry', { error, waiting: this.size });
    }
  }
}
