import { readdir, readFile } from 'node:fs/promises';

const ROUNDS = 5;

/**
 * Kills processes that left their group but still carry a job's `JOB_ID` in their environment (Linux only: other
 * systems do not show it). One that also cleaned its environment is not found.
 */
export async function killStrays(jobId: string): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const strays = await withEnvironment(`JOB_ID=${jobId}`);
    if (strays.length === 0) return;
    for (const pid of strays) kill(pid);
  }
}

async function withEnvironment(entry: string): Promise<number[]> {
  const names = await readdir('/proc').catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const text = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
      return text.split('\0').includes(entry) ? [pid] : [];
    }),
  );
  return found.flat();
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
