// The harness with a randomly initialised Gemma, where torch can be had: npm run test:torch [-- --only NAME,NAME]
// Makes a virtual environment in .cache/ (TORCH_PYTHON names one that has torch and transformers already).
// Exit 0 everything as it must be, 1 something failed, 3 no torch here and none to be had (nothing was tried).
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { emitted } from '../harness/emitted.ts';

const PACKAGES = ['torch==2.15.0', 'transformers==5.23.0'];
const NOT_RUN = 3;
const root = process.cwd();

process.exitCode = await main();

async function main(): Promise<number> {
  const python = process.env.TORCH_PYTHON ?? virtualEnvironment();
  if (python === null) return NOT_RUN;
  const challenge = await emitted('gemma', root);
  try {
    const check = join(challenge.dir, 'harness', 'tiny_gemma', 'check.py');
    const ran = spawnSync(python, ['-B', check, ...process.argv.slice(2)], { stdio: 'inherit' });
    return ran.status ?? 1;
  } finally {
    await challenge.remove();
  }
}

/** Path of a Python that has the packages; `null` after saying why there is none. */
function virtualEnvironment(): string | null {
  const dir = join(root, '.cache', `torch-${PACKAGES.join('-').replace(/[^\w.]+/g, '-')}`);
  const python = join(dir, 'bin/python');
  if (existsSync(join(dir, 'complete'))) return python;
  rmSync(dir, { recursive: true, force: true });
  console.log(`installing ${PACKAGES.join(', ')} into ${dir}`);
  const made = spawnSync('python3', ['-m', 'venv', dir], { encoding: 'utf8' });
  const pip = ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', '--retries', '1', ...PACKAGES];
  const installed = made.status === 0 && spawnSync(python, pip, { encoding: 'utf8', timeout: 1_200_000 });
  if (installed && installed.status === 0) {
    writeFileSync(join(dir, 'complete'), '');
    return python;
  }
  const reason = (installed ? installed.stderr : made.stderr)?.trim().split('\n').at(-1);
  console.log(`NOT RUN: ${PACKAGES.join(', ')} could not be installed: ${reason ?? 'no reason given'}`);
  return null;
}
