import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createDurably } from '../../whole-file.ts';

/** Contents of Space files, each stored once under its git blob id (sha1 over `blob {size}\0{content}`). */
export class BlobStore {
  private readonly dir: string;
  constructor(dir: string) {
    this.dir = dir;
  }

  /** @returns the git blob id, after the content is durable */
  async put(content: Uint8Array): Promise<string> {
    const oid = gitBlobId(content);
    if (!existsSync(this.path(oid)))
      await createDurably(this.path(oid), async (file) => file.writeFile(content));
    return oid;
  }

  async get(oid: string): Promise<Buffer> {
    const content = await readFile(this.path(oid));
    if (gitBlobId(content) !== oid) throw new Error(`stored content ${oid} is damaged`);
    return content;
  }

  private path(oid: string): string {
    return join(this.dir, oid.slice(0, 2), oid);
  }
}

function gitBlobId(content: Uint8Array): string {
  return createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
}
