import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CollabError } from '../errors.ts';
import { emptyState, type TargetState } from '../plan/model.ts';
import { writeWhole } from '../whole-file.ts';

interface StateFile {
  version: 1;
  /** By `hub.endpoint`: the same directory may be deployed to the embedded hub and to huggingface.co. */
  targets: Record<string, TargetState>;
}

const stateFile = (dir: string): string => join(dir, '.collab', 'plan-state.json');

/** What earlier runs recorded for this Hub. @throws CollabError STATE_UNREADABLE rather than starting from nothing. */
export async function loadState(dir: string, target: string): Promise<TargetState> {
  return { ...emptyState(), ...(await readStateFile(dir)).targets[target] };
}

async function readStateFile(dir: string): Promise<StateFile> {
  const file = stateFile(dir);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return { version: 1, targets: {} };
  try {
    const parsed = JSON.parse(text) as StateFile;
    if (parsed.version === 1 && typeof parsed.targets === 'object') return parsed;
  } catch {
    // Falls through to the error below.
  }
  throw new CollabError('STATE_UNREADABLE', `${file} is not a state file of this version.`, {
    next: [
      {
        command: `git checkout -- .collab/plan-state.json`,
        why: 'restores it, when it is under version control',
      },
      {
        command: `mv .collab/plan-state.json .collab/plan-state.json.old`,
        why: 'starts over: existing files count as edited',
      },
    ],
  });
}

/** Replaces the record of this Hub, whole or not at all. */
export async function saveState(dir: string, target: string, state: TargetState): Promise<void> {
  const all = await readStateFile(dir);
  const text = `${JSON.stringify({ ...all, targets: { ...all.targets, [target]: state } }, null, 2)}\n`;
  await writeWhole(stateFile(dir), text);
}

/** Writes one at a time, and only what is not on disk yet: those who ask while one is written share the next. */
export function coalesced(write: () => Promise<void>, state: TargetState): () => Promise<void> {
  let written = '';
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const flush = async () => {
    const text = JSON.stringify(state);
    if (text === written) return;
    await write();
    written = text;
  };
  const start = (): Promise<void> => {
    running = flush().finally(() => {
      running = undefined;
    });
    return running;
  };
  return () => {
    if (!running) return start();
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        return start();
      });
    return next;
  };
}

/** One line per step of an apply, for people who want to know what happened. Never a secret. */
export interface JournalLine {
  at: string;
  run: string;
  event: 'begin' | 'start' | 'done' | 'failed' | 'end';
  id?: string;
  ms?: number;
  error?: string;
}

export async function journal(dir: string, line: JournalLine): Promise<void> {
  await mkdir(join(dir, '.collab'), { recursive: true });
  await appendFile(join(dir, '.collab', 'journal.jsonl'), `${JSON.stringify(line)}\n`);
}
