import { createWriteStream } from 'node:fs';
import { lstat, mkdir, readdir } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { getMimeType } from 'hono/utils/mime';
import { type Database, put, remove } from '../store/database.ts';
import type { BucketRow, JobVolume, ReconstructionRow } from '../store/tables.ts';
import type { Cas } from '../xet/cas.ts';
import { ingestFile } from '../xet/ingest.ts';

export interface Mount {
  mountPath: string;
  localPath: string;
}

/**
 * Replaces absolute mount paths by local folders wherever they stand as a path of their own: `/state/x` becomes
 * `{local}/x`, `/stateful` stays.
 */
export function rewritePaths(text: string, mounts: Mount[]): string {
  if (mounts.length === 0) return text;
  const longestFirst = [...mounts].sort((a, b) => b.mountPath.length - a.mountPath.length);
  const alternatives = longestFirst.map((m) => m.mountPath.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
  const pattern = new RegExp(`(?<![\\w./-])(${alternatives})(?![\\w.-])`, 'g');
  return text.replace(pattern, (path) => mounts.find((m) => m.mountPath === path)?.localPath ?? path);
}

/** A bucket folder as a local folder, written back while and after the job runs. */
export class BucketMount implements Mount {
  readonly mountPath: string;
  readonly localPath: string;
  private readonly prefix: string;
  private readonly volume: JobVolume;
  private readonly known = new Map<string, string>();
  private readonly deps: { db: Database; cas: Cas; now(): number };

  constructor(deps: { db: Database; cas: Cas; now(): number }, volume: JobVolume, localPath: string) {
    this.deps = deps;
    this.volume = volume;
    this.mountPath = volume.mountPath.replace(/\/+$/, '');
    this.localPath = localPath;
    const path = (volume.path ?? '').replace(/^\/+|\/+$/g, '');
    this.prefix = path === '' ? '' : `${path}/`;
  }

  /** Copies the bucket folder to disk. @throws Error when the bucket is gone or a file cannot be written */
  async materialize(): Promise<void> {
    await mkdir(this.localPath, { recursive: true });
    for (const [path, row] of this.deps.db.table(`files:${this.bucket().id}`)) {
      if (!path.startsWith(this.prefix)) continue;
      const target = join(this.localPath, path.slice(this.prefix.length));
      const file = this.deps.cas.file(row.xetHash);
      if (!file) throw new Error(`${path} has no content`);
      await this.place(file, target).catch((error: NodeJS.ErrnoException) => {
        // The error itself names folders of this machine, and whoever runs the job reads it.
        throw new Error(`${path} cannot be mounted: ${error.code ?? error.message}`);
      });
      this.known.set(path, await stamp(target));
    }
    const writable = !this.volume.readOnly && this.prefix !== '';
    if (writable && this.known.size === 0)
      throw new Error(
        `cannot mount ${this.volume.source}/${this.prefix} read-write: nothing is there; write one file first`,
      );
  }

  private async place(file: ReconstructionRow, target: string): Promise<void> {
    await mkdir(dirname(target), { recursive: true });
    await pipeline(Readable.from(this.deps.cas.read(file)), createWriteStream(target));
  }

  /** Uploads what changed since the last time and removes what was deleted; nothing for a read-only mount. */
  async writeBack(): Promise<void> {
    if (this.volume.readOnly) return;
    const present = new Map<string, string>();
    for (const file of await filesBelow(this.localPath))
      present.set(this.prefix + relative(this.localPath, file).split(sep).join('/'), file);
    const table = `files:${this.bucket().id}` as const;
    for (const path of [...this.known.keys()].filter((known) => !present.has(known))) {
      await this.deps.db.write(remove(table, path));
      this.known.delete(path);
    }
    for (const [path, file] of present) {
      const now = await stamp(file);
      if (this.known.get(path) === now) continue;
      await this.upload(table, path, file);
      this.known.set(path, now);
    }
  }

  private async upload(table: `files:${string}`, path: string, file: string): Promise<void> {
    const { hash, size } = await ingestFile(this.deps.cas, file);
    const at = new Date(this.deps.now()).toISOString();
    const contentType = getMimeType(path) ?? 'application/octet-stream';
    await this.deps.db.write(
      put(table, path, { size, xetHash: hash, mtime: at, uploadedAt: at, contentType }),
    );
  }

  private bucket(): BucketRow {
    const bucket = this.deps.db.get('buckets', this.volume.source.toLowerCase());
    if (!bucket) throw new Error(`bucket ${this.volume.source} does not exist`);
    return bucket;
  }
}

async function stamp(path: string): Promise<string> {
  const { size, mtimeMs, ino } = await lstat(path);
  return `${size} ${mtimeMs} ${ino}`;
}

/** Regular files only: a link could point at anything of this machine. */
async function filesBelow(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true });
  const nested = await Promise.all(
    entries.map((entry) => {
      const path = join(dir, entry.name);
      if (entry.isDirectory()) return filesBelow(path);
      return Promise.resolve(entry.isFile() ? [path] : []);
    }),
  );
  return nested.flat();
}
