import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChallengeConfig } from '../config/types.ts';
import { proofs, provenContent, untestable } from '../eval/record.ts';
import { cheatFolders, readCheat } from '../eval/samples.ts';
import { digest, sha256 } from '../plan/digest.ts';
import type { HarnessFacts } from '../plan/model.ts';
import { prepareFacts } from './prepare-facts.ts';

/** Where the shared parts of harnesses keep the layers and their probe. */
const LAYER_CODE = ['isolation.py', 'limits.py', 'linux.py', 'probe.py', 'process.py', 'sandbox.py'];

/** What the plan says of the harness; `null` when nothing of ours runs it. */
export async function harnessFacts(dir: string, config: ChallengeConfig): Promise<HarnessFacts | null> {
  const byJobs = config.hardware.jobs_enabled || config.verification.mode === 'jobs';
  if (!byJobs && config.verification.mode !== 'eval-space') return null;
  const code = byJobs ? layerCode(dir) : null;
  const [proven, content, open, cheats, probe] = await Promise.all([
    proofs(dir),
    provenContent(dir),
    untestable(dir),
    layerCheats(dir),
    code,
  ]);
  const prepare = await prepareFacts(dir, config);
  return { proofs: proven, content, untestable: open, cheats, probe, ...(prepare ? { prepare } : {}) };
}

async function layerCheats(dir: string): Promise<HarnessFacts['cheats']> {
  // One that cannot be read is the red team's to complain of.
  const read = (folder: string) => readCheat(folder).catch(() => null);
  const cheats = await Promise.all((await cheatFolders(dir)).map(read));
  return cheats
    .filter((cheat) => cheat?.how === 'layer')
    .filter((cheat) => cheat !== null)
    .map(({ name, caught_by }) => ({ name, layers: caught_by }));
}

async function layerCode(dir: string): Promise<string | null> {
  const folder = join(dir, 'harness', 'collab_harness');
  const there = await readdir(folder).catch(() => [] as string[]);
  if (!there.includes('probe.py')) return null;
  const code = LAYER_CODE.filter((name) => there.includes(name));
  return digest(await Promise.all(code.map(async (name) => sha256(await readFile(join(folder, name))))));
}
