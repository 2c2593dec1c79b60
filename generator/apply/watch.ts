import { existsSync, watch } from 'node:fs';
import { join } from 'node:path';
import { HubError } from '@collab/hub/port.ts';
import { CollabError } from '../errors.ts';
import { applyChallenge } from './challenge.ts';
import { describe } from './run.ts';
import type { ApplyOptions } from './types.ts';

/** What a person edits while it runs. */
const WATCHED = ['challenge.yaml', 'task', 'bucket', 'harness', 'submissions', 'private', 'space'];
/** Editors write a file in several steps. */
const SETTLE_MS = 300;

/** Applies every edit of the directory as it is saved, until the signal. A file with a fault is reported and waited for. */
export async function applyEdits(options: ApplyOptions): Promise<void> {
  const { io, dir } = options;
  if (io.signal.aborted) return;
  let changed: (() => void) | undefined;
  let dirty = false;
  const mark = () => {
    dirty = true;
    changed?.();
  };
  const watchers = WATCHED.filter((name) => existsSync(join(dir, name))).map((name) =>
    watch(join(dir, name), { recursive: true, signal: io.signal }, mark).on('error', () => undefined),
  );
  const stopped = new Promise<void>((resolve) => {
    io.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  try {
    while (!io.signal.aborted) {
      if (!dirty)
        await Promise.race([
          stopped,
          new Promise<void>((resolve) => {
            changed = resolve;
          }),
        ]);
      if (io.signal.aborted) return;
      await io.sleep(SETTLE_MS, io.signal).catch(() => undefined);
      dirty = false;
      if (!io.signal.aborted) await applyOne(options);
    }
  } finally {
    for (const watcher of watchers) watcher.close();
  }
}

async function applyOne(options: ApplyOptions): Promise<void> {
  const say = options.progress ?? (() => undefined);
  try {
    const { status, operations } = await applyChallenge(options);
    if (status === 'action_required')
      say({ id: 'edit', state: 'info', text: 'An edit waits for you: create-collab plan shows it' });
    else if (operations.length > 0 && status === 'ok')
      say({ id: 'edit', state: 'done', text: 'Your edit is live' });
  } catch (error) {
    if (options.io.signal.aborted) return;
    if (!(error instanceof CollabError || error instanceof HubError)) throw error;
    const problems = error instanceof CollabError ? error.problems : [];
    const lines = problems.map(({ at, problem }) => `\n  ${at}: ${problem}`);
    say({ id: 'edit', state: 'failed', text: `${describe(error).code}: ${error.message}${lines.join('')}` });
  }
}
