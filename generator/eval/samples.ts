import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** cheat.json beside a shipped cheat: what catches it, and how to see that this is so. */
const Cheat = z.strictObject({
  /** Gates, layers or behaviours of the harness; one of them must be what stops it. */
  caught_by: z.array(z.string()).min(1),
  how: z.enum(['gate', 'layer', 'fault', 'behaviour', 'private', 'identity']),
  /** What the cheat is after. `gain`: valid and at least three times as fast as the baseline of the same job. */
  wins_if: z.enum(['valid', 'gain', 'stdout', 'harness_dies']),
  /** What has to be switched off, all together, to let it through. */
  mutation: z.array(z.string()).min(1),
  /** A program that runs outside, and is what the submission phones. */
  accomplice: z.string().optional(),
  /** Sub-folders of what was posted and of what is run, where they differ. */
  posted: z.string().optional(),
  submission: z.string().optional(),
});
type Cheat = z.infer<typeof Cheat>;

export interface ShippedCheat extends Cheat {
  name: string;
  folder: string;
}

/** Every folder of submissions/cheats that has a cheat.json, by name. */
export async function shippedCheats(dir: string): Promise<ShippedCheat[]> {
  const root = join(dir, 'submissions', 'cheats');
  const names = (await readdir(root).catch(() => [])).sort();
  return Promise.all(
    names.map(async (name) => {
      const folder = join(root, name);
      const text = await readFile(join(folder, 'cheat.json'), 'utf8');
      return { name, folder, ...Cheat.parse(JSON.parse(text)) };
    }),
  );
}

/** Identity of a submission: sha256 of one line `{sha256}  {path}` per file, sorted by path bytes. */
export async function contentSha256(folder: string): Promise<string> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const named = files.map((file) => ({ file, name: file.slice(folder.length + 1) }));
  named.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  const whole = createHash('sha256');
  for (const { file, name } of named)
    whole.update(
      `${createHash('sha256')
        .update(await readFile(file))
        .digest('hex')}  ${name}\n`,
    );
  return whole.digest('hex');
}
