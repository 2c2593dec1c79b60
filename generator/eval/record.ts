import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { DRAFT, writeWhole } from '../whole-file.ts';

const Entry = z.object({
  status: z.enum(['ok', 'error']),
  at: z.string(),
  inputs: z.string(),
  detail: z.string(),
  /** Cheats that nothing on that machine could stop: no pass, and no failure. */
  untestable: z.array(z.string()).default([]),
});
const Record = z.object({ selftest: Entry.optional(), redteam: Entry.optional() });

export type Proof = 'selftest' | 'redteam';
/** `stale`: the harness or the samples changed since. */
export type ProofState = 'passed' | 'failed' | 'stale' | 'never run';

const FILE = ['.collab', 'eval.json'];

/** What selftest and redteam depend on: content of harness and samples, without what runs leave behind. */
export async function provenContent(dir: string): Promise<string> {
  const hash = createHash('sha256');
  for (const folder of ['harness', 'submissions']) {
    const entries = await readdir(join(dir, folder), { withFileTypes: true, recursive: true }).catch(none);
    const files = entries
      .filter(
        (entry) =>
          entry.isFile() &&
          !DRAFT.test(entry.name) &&
          !/__pycache__|calibration\.json$/.test(join(entry.parentPath, entry.name)),
      )
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    for (const file of files)
      hash
        .update(file.slice(dir.length))
        .update('\0')
        .update(await readFile(file));
  }
  return hash.digest('hex');
}

/** A challenge without samples, say. */
function none(error: NodeJS.ErrnoException): never[] {
  if (error.code === 'ENOENT') return [];
  throw error;
}

async function read(dir: string): Promise<z.infer<typeof Record>> {
  const text = await readFile(join(dir, ...FILE), 'utf8').catch(() => '{}');
  // What cannot be read proves nothing.
  return Record.safeParse(tryJson(text)).data ?? {};
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Remembers what a proof came to, with the content it was made on. */
export async function remember(
  dir: string,
  proof: Proof,
  status: 'ok' | 'error',
  at: string,
  detail: string,
  untestable: string[] = [],
) {
  const entry = { status, at, inputs: await provenContent(dir), detail, untestable };
  const record = { ...(await read(dir)), [proof]: entry };
  const file = join(dir, ...FILE);
  await writeWhole(file, `${JSON.stringify(record, null, 2)}\n`);
}

/** Cheats that the last red team on these files could not test where it ran. */
export async function untestable(dir: string): Promise<string[]> {
  const { redteam } = await read(dir);
  return redteam && redteam.inputs === (await provenContent(dir)) ? redteam.untestable : [];
}

/** Whether selftest and redteam passed on the harness as it is now. `apply` on Hugging Face asks this. */
export async function proofs(dir: string): Promise<{ [P in Proof]: ProofState }> {
  const [record, now] = [await read(dir), await provenContent(dir)];
  const state = (proof: Proof): ProofState => {
    const entry = record[proof];
    if (!entry) return 'never run';
    if (entry.inputs !== now) return 'stale';
    return entry.status === 'ok' ? 'passed' : 'failed';
  };
  return { selftest: state('selftest'), redteam: state('redteam') };
}
