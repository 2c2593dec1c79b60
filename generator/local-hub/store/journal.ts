import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createDurably } from '../../whole-file.ts';
import { decodeRecords, encodeRecord, type Op } from './records.ts';

interface Waiting {
  line: Buffer;
  /** Instead of a line: the whole new content. */
  replaceBy?: readonly (readonly Op[])[];
  done(): void;
  failed(error: unknown): void;
}

/** An append-only file of change records. Appends that wait together share one fsync. */
export class Journal {
  private readonly path: string;
  private file: FileHandle;
  private waiting: Waiting[] = [];
  private busy = false;
  /** Bytes known to be durable. */
  size: number;

  private constructor(path: string, file: FileHandle, size: number) {
    this.path = path;
    this.file = file;
    this.size = size;
  }

  /** Opens or makes the journal and reads what it holds. @throws CollabError STORE_CORRUPT */
  static async open(path: string): Promise<{ journal: Journal; records: Op[][] }> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const bytes = await readFile(path).catch((error) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (bytes === null) await createDurably(path, async () => undefined);
    const { records, goodBytes } = decodeRecords(bytes ?? Buffer.alloc(0), path);
    const file = await open(path, 'r+');
    if (bytes && goodBytes < bytes.length) await file.truncate(goodBytes);
    return { journal: new Journal(path, file, goodBytes), records };
  }

  /** Kept once the record is on disk; broken when it is not, and then no part of it stays in the file. */
  append(ops: readonly Op[]): Promise<void> {
    return this.queue({ line: Buffer.from(encodeRecord(ops)) });
  }

  /** Replaces the content by `records`: the same state in fewer bytes. Later appends wait for it. */
  rewrite(records: readonly (readonly Op[])[]): Promise<void> {
    return this.queue({ line: Buffer.alloc(0), replaceBy: records });
  }

  /** Waits for what is queued, then closes the file. */
  async close(): Promise<void> {
    await this.queue({ line: Buffer.alloc(0) });
    await this.file.close();
  }

  private queue(entry: Pick<Waiting, 'line' | 'replaceBy'>): Promise<void> {
    return new Promise((done, failed) => {
      this.waiting.push({ ...entry, done, failed });
      if (!this.busy) void this.flush();
    });
  }

  private async flush(): Promise<void> {
    this.busy = true;
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const group = this.nextGroup();
      try {
        if (group[0]?.replaceBy) await this.replace(group[0].replaceBy);
        else await this.writeGroup(Buffer.concat(group.map((w) => w.line)));
        for (const w of group) w.done();
      } catch (error) {
        this.fail([...group, ...this.waiting], error);
      }
    }
    this.busy = false;
  }

  private nextGroup(): Waiting[] {
    const stop = this.waiting.findIndex((w, i) => i > 0 && (w.replaceBy || this.waiting[0]?.replaceBy));
    return this.waiting.splice(0, stop < 0 ? this.waiting.length : stop);
  }

  /** Changes build on each other in memory, so everything behind a failed one fails too, last first. */
  private fail(entries: Waiting[], error: unknown): void {
    this.waiting = [];
    for (const w of entries.reverse()) w.failed(error);
  }

  private async replace(records: readonly (readonly Op[])[]): Promise<void> {
    let size = 0;
    await createDurably(this.path, async (file) => {
      for (const ops of records) size += (await file.write(Buffer.from(encodeRecord(ops)))).bytesWritten;
    });
    await this.file.close();
    this.file = await open(this.path, 'r+');
    this.size = size;
  }

  private async writeGroup(bytes: Buffer): Promise<void> {
    try {
      let done = 0;
      while (done < bytes.length)
        done += (await this.file.write(bytes, done, bytes.length - done, this.size + done)).bytesWritten;
      await this.file.datasync();
      this.size += bytes.length;
    } catch (error) {
      await this.file.truncate(this.size).catch(() => undefined);
      throw error;
    }
  }
}
