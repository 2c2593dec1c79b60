import { spawn } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CollabError } from '../errors.ts';
import type { ShippedCheat } from './samples.ts';

/** Starts the accomplice of a cheat, calls `use` with a copy of the cheat that knows its port, and ends it. */
export async function withAccomplice<T>(
  cheat: ShippedCheat,
  modelDir: string,
  path: string,
  use: (submission: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'collab-accomplice-'));
  const program = spawn('python3', [join(cheat.folder, cheat.accomplice ?? '')], {
    env: { PATH: path, MODEL_DIR: modelDir, PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  try {
    const said = await firstLine(program);
    const copy = join(folder, cheat.name);
    await cp(cheat.folder, copy, { recursive: true });
    await writeFile(join(copy, 'accomplice.json'), said);
    return await use(copy);
  } finally {
    program.stdin.end();
    program.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  }
}

function firstLine(program: ReturnType<typeof spawn>): Promise<string> {
  const failed = () => new CollabError('ACCOMPLICE_FAILED', 'The accomplice of a cheat did not start.');
  return new Promise((resolve, reject) => {
    program.on('error', () => reject(failed()));
    program.on('close', () => reject(failed()));
    if (program.stdout) createInterface({ input: program.stdout }).once('line', resolve);
  });
}
