import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BucketMount, type Mount } from '../jobs/mounts.ts';
import { periodically } from '../process/periodically.ts';
import type { Database } from '../store/database.ts';
import type { SpaceRow } from '../store/tables.ts';
import type { Cas } from '../xet/cas.ts';

const WRITE_BACK_MS = 3000;

/** Buckets a running Space has as folders: copied when it starts, written back while it runs and when it ends. */
export class SpaceVolumes {
  private readonly deps: { db: Database; cas: Cas; now(): number };
  private readonly root: string;
  private mounts: BucketMount[] = [];
  private writing: ReturnType<typeof periodically> | null = null;

  constructor(deps: { db: Database; cas: Cas; now(): number }, root: string) {
    this.deps = deps;
    this.root = root;
  }

  /** @throws Error when a bucket is gone or cannot be mounted */
  async attach(space: SpaceRow): Promise<Mount[]> {
    await this.detach();
    await rm(this.root, { recursive: true, force: true });
    const mounts = (space.volumes ?? []).map(
      (volume, i) => new BucketMount(this.deps, volume, join(this.root, String(i))),
    );
    for (const mount of mounts) await mount.materialize();
    this.mounts = mounts;
    if (mounts.length > 0) this.writing = periodically(WRITE_BACK_MS, () => this.writeBack());
    return mounts;
  }

  async detach(): Promise<void> {
    await this.writing?.stop();
    this.writing = null;
    await this.writeBack();
    this.mounts = [];
  }

  /** A file that changes while it is read is taken the next time; a bucket that is gone takes nothing. */
  private async writeBack(): Promise<void> {
    for (const mount of this.mounts) await mount.writeBack().catch(() => undefined);
  }
}
