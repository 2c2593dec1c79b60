import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { CollabError } from '../errors.ts';

/** cheat.json beside a shipped cheat: what catches it, and how to see that this is so. */
const Cheat = z.strictObject({
  /** Gates, layers or behaviours of the harness; one of them must be what stops it. */
  caught_by: z.array(z.string()).min(1),
  how: z.enum(['gate', 'layer', 'fault', 'behaviour', 'private', 'identity', 'pooling', 'downstream']),
  /** What the cheat is after. `gain`: valid and at least three times as fast as the baseline of the same job. */
  wins_if: z.enum(['valid', 'gain', 'stdout', 'harness_dies', 'best_draw']),
  /** What has to be switched off, all together, to let it through. */
  mutation: z.array(z.string()).min(1),
  /** How often it is posted, a byte changed each time. */
  draws: z.number().int().min(2).optional(),
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

/** Every folder of submissions/cheats, by name. @throws CollabError CHEAT_UNREADABLE */
export async function shippedCheats(dir: string): Promise<ShippedCheat[]> {
  return Promise.all((await cheatFolders(dir)).map(readCheat));
}

/** Folders of submissions/cheats, absolute, by name. */
export async function cheatFolders(dir: string): Promise<string[]> {
  const root = join(dir, 'submissions', 'cheats');
  const names = (await readdir(root).catch(() => [])).sort();
  return names.map((name) => join(root, name));
}

/** @throws CollabError CHEAT_UNREADABLE: nothing says what is to catch it. */
export async function readCheat(folder: string): Promise<ShippedCheat> {
  try {
    const text = await readFile(join(folder, 'cheat.json'), 'utf8');
    return { name: basename(folder), folder, ...Cheat.parse(JSON.parse(text)) };
  } catch (cause) {
    const message = `${basename(folder)}/cheat.json does not say what catches it: ${(cause as Error).message}`;
    throw new CollabError('CHEAT_UNREADABLE', message, {
      cause,
      next: [{ command: 'ls submissions/cheats', why: 'each of these folders needs a cheat.json' }],
    });
  }
}
