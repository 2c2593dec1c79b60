import { spawn } from 'node:child_process';
import { CollabError } from '../errors.ts';
import type { Io } from '../io.ts';

const INSTALL: Partial<Record<NodeJS.Platform, string>> = {
  darwin: 'brew install python',
  linux: 'sudo apt-get install -y python3',
};

/** Harnesses run on python3, as on the job image. @throws CollabError PYTHON_MISSING */
export async function requirePython(io: Io): Promise<void> {
  const found = await new Promise<boolean>((resolve) => {
    const child = spawn('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))'], {
      env: { PATH: io.env.PATH ?? '' },
      stdio: 'ignore',
    });
    child.on('error', () => resolve(false));
    child.on('close', (code) => resolve(code === 0));
  });
  if (found) return;
  throw new CollabError(
    'PYTHON_MISSING',
    'Benchmarks run on python3 (3.9 or newer), and there is none on this machine.',
    {
      next: [
        {
          command: INSTALL[process.platform] ?? 'install Python 3 from python.org',
          why: 'nothing beyond its standard library is needed',
        },
      ],
    },
  );
}
