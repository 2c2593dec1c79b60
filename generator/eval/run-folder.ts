import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Io } from '../io.ts';

/** The moment as a part of a folder's name: `20260131-095900`. UTC. */
export const stampOf = (io: Pick<Io, 'now'>): string =>
  new Date(io.now()).toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);

/** What the harness printed, tracebacks too, as {@link runHarness} keeps it. */
export const HARNESS_LOG = 'harness.log';

/** What the folders of the red team's runs begin with: it asks private questions, and fewer of them. */
export const REDTEAM = 'redteam-';

/** Logs with something in them that a run left in its folder, absolute, by name. */
export async function logsIn(state: string): Promise<string[]> {
  const names = (await readdir(state).catch(() => [])).filter((name) => name.endsWith('.log')).sort();
  const files = names.map((name) => join(state, name));
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  return files.filter((_, i) => sizes[i] !== 0);
}
