import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { ClientError } from '../errors.ts';
import { claudeCode } from './claude-code.ts';
import { codex } from './codex.ts';
import { geminiCli } from './gemini-cli.ts';
import { opencode } from './opencode.ts';
import { pi } from './pi.ts';
import type { Adapter, Place, TraceLog } from './types.ts';

const ADAPTERS: readonly Adapter[] = [claudeCode, codex, geminiCli, opencode, pi];

export interface Chosen {
  adapter: Adapter;
  log: TraceLog;
}

/**
 * Which session is meant: the transcript or session that was named, else the newest of the harness that runs us or that was named,
 * else of the only harness with a log of this directory.
 * @throws ClientError TRACE_NOT_FOUND, WHICH_HARNESS, UNKNOWN_HARNESS
 */
export async function chooseLog(
  place: Place,
  want: { harness?: string | undefined; transcript?: string | undefined; sessionId?: string | undefined },
): Promise<Chosen> {
  if (want.transcript) return named(place, want.transcript, want.harness);
  if (want.sessionId) return ofSession(place, want.sessionId, want.harness);
  const announced = ADAPTERS.find((adapter) => adapter.announced(place.env));
  const wanted = want.harness ? byName(want.harness) : announced;
  const asked = wanted ? [wanted] : ADAPTERS;
  const found = await Promise.all(
    asked.map(async (adapter) => ({ adapter, log: (await adapter.find(place))[0] })),
  );
  const some = found.flatMap(({ adapter, log }) => (log ? [{ adapter, log }] : []));
  if (some.length > 1)
    throw new ClientError(
      'WHICH_HARNESS',
      `Logs of ${some.map((s) => s.adapter.harness).join(' and ')} belong to this directory.`,
      {
        next: some.map((s) => ({
          command: `node collab.mjs share-trace --harness ${s.adapter.harness}`,
          why: 'this one',
        })),
      },
    );
  if (some[0]) return some[0];
  const where = wanted ? wanted.harness : ADAPTERS.map((a) => a.harness).join(', ');
  const elsewhere = await Promise.all(asked.map((adapter) => adapter.elsewhere?.(place) ?? []));
  throw new ClientError('TRACE_NOT_FOUND', `No session log of this directory found (looked for ${where}).`, {
    next: [
      ...elsewhere.flat(),
      { command: 'node collab.mjs share-trace --harness <name> --transcript <file>', why: 'names the log' },
    ],
  });
}

/** Logs that are read to find a session whose id no file name tells. */
const MAX_READ = 50;

async function ofSession(place: Place, id: string, harness: string | undefined): Promise<Chosen> {
  // The session that runs us is not the one that was named.
  const anywhere = { ...place, env: { ...place.env, CLAUDE_CODE_SESSION_ID: undefined } };
  const asked = harness ? [byName(harness)] : ADAPTERS;
  const found = await Promise.all(
    asked.map(async (adapter) => (await adapter.find(anywhere)).map((log) => ({ adapter, log }))),
  );
  const logs = found.flat();
  const byFile = logs.filter(({ log }) => basename(log.file).includes(id));
  for (const chosen of [...byFile, ...logs].slice(0, MAX_READ))
    if ((await chosen.adapter.read(chosen.log)).session_id === id)
      return { ...chosen, log: { ...chosen.log, certain: true } };
  throw new ClientError('TRACE_NOT_FOUND', `No log of this directory is of session ${id}.`, {
    next: [
      { command: 'node collab.mjs share-trace --harness <name> --transcript <file>', why: 'names the log' },
    ],
  });
}

function byName(name: string): Adapter {
  const adapter = ADAPTERS.find((a) => a.harness === name);
  if (adapter) return adapter;
  throw new ClientError('UNKNOWN_HARNESS', `No reader for logs of "${name}".`, {
    hint: `known: ${ADAPTERS.map((a) => a.harness).join(', ')}`,
  });
}

async function named(place: Place, path: string, harness: string | undefined): Promise<Chosen> {
  const file = resolve(place.cwd, path);
  const info = await stat(file).catch(() => null);
  if (!info?.isFile()) throw new ClientError('TRACE_NOT_FOUND', `There is no file ${path}.`);
  const adapter = harness ? byName(harness) : guess(file);
  const own = (await adapter.find(place)).find((log) => log.file === file);
  return { adapter, log: own ?? { file, mtimeMs: info.mtimeMs, more: [], certain: true } };
}

function guess(file: string): Adapter {
  if (/[\\/]\.codex[\\/]sessions[\\/]/.test(file) || basename(file).startsWith('rollout-')) return codex;
  if (/[\\/]\.claude[\\/]projects[\\/]/.test(file)) return claudeCode;
  if (/[\\/]\.gemini[\\/]/.test(file)) return geminiCli;
  if (/[\\/]opencode[\\/]storage[\\/]/.test(file)) return opencode;
  if (/[\\/]\.pi[\\/]/.test(file)) return pi;
  throw new ClientError('WHICH_HARNESS', 'The path does not tell which harness wrote this log.', {
    next: [
      { command: 'node collab.mjs share-trace --transcript <file> --harness claude-code', why: 'says it' },
    ],
  });
}
