import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { asCount, asList, asText, at, filesBelow, type Json, parse } from './jsonl.ts';
import { createTally, type Tally } from './tally.ts';
import type { Adapter, Place, TraceLog } from './types.ts';

/**
 * OpenCode: what `opencode export` prints, `{info, messages: [{info, parts}]}`. Before version 1.2 its sessions were files:
 * `~/.local/share/opencode/storage/session/{project}/{session}.json` with the messages in `message/{session}/` and their
 * parts in `part/{message}/`.
 */
export const opencode: Adapter = {
  harness: 'opencode',
  announced: (env) => Boolean(env.OPENCODE),

  async find(place) {
    // Whatever files are left beside the database are of sessions long over.
    if (await hasDatabase(place)) return [];
    const root = join(dataDir(place), 'storage');
    const found: TraceLog[] = [];
    for (const { file, mtimeMs } of await filesBelow(
      join(root, 'session'),
      (n) => n.endsWith('.json'),
      true,
    )) {
      const info = await readJson(file);
      if (asText(at(info, 'directory')) !== place.cwd) continue;
      const session = asText(at(info, 'id')) ?? basename(file, '.json');
      const messages = await filesBelow(join(root, 'message', session), (n) => n.endsWith('.json'));
      found.push({ file, mtimeMs, more: messages.map((m) => m.file).sort(), certain: true });
    }
    return found.map((log) => ({ ...log, certain: found.length === 1 }));
  },

  async elsewhere(place) {
    if (!(await hasDatabase(place))) return [];
    return [
      { command: 'opencode session list --format json', why: 'OpenCode keeps sessions in a database' },
      { command: 'opencode export <id> > session.json', why: 'writes one of them to a file' },
      {
        command: 'node collab.mjs share-trace --harness opencode --transcript session.json',
        why: 'shares it',
      },
    ];
  },

  async read(log) {
    const tally = createTally();
    const session = await readJson(log.file);
    let cost = 0;
    for await (const { info, parts } of messagesOf(session, log)) cost += take(tally, info, parts);
    const id = asText(at(session, 'info', 'id')) ?? asText(at(session, 'id'));
    const stats = tally.stats(id ?? basename(log.file, '.json'));
    return cost > 0 ? { ...stats, cost_usd: Math.round(cost * 1e6) / 1e6 } : stats;
  },
};

const dataDir = ({ env, home }: Place) =>
  join(env.XDG_DATA_HOME ?? join(home, '.local', 'share'), 'opencode');

const hasDatabase = (place: Place) =>
  stat(join(dataDir(place), 'opencode.db')).then(
    (info) => info.isFile(),
    () => false,
  );

const readJson = async (file: string) => parse(await readFile(file, 'utf8'));

interface Message {
  info: Json | undefined;
  parts: (Json | undefined)[];
}

async function* messagesOf(session: Json | undefined, log: TraceLog): AsyncGenerator<Message> {
  for (const message of asList(at(session, 'messages')))
    yield { info: at(message, 'info'), parts: asList(at(message, 'parts')) };
  for (const file of log.more) {
    const info = await readJson(file);
    const folder = join(
      log.file,
      '..',
      '..',
      '..',
      'part',
      asText(at(info, 'id')) ?? basename(file, '.json'),
    );
    const parts = await filesBelow(folder, (n) => n.endsWith('.json'));
    yield { info, parts: await Promise.all(parts.map((part) => readJson(part.file))) };
  }
}

/** @returns what the message cost, in dollars. */
function take(tally: Tally, info: Json | undefined, parts: (Json | undefined)[]): number {
  const id = asText(at(info, 'id')) ?? 'message';
  for (const key of ['created', 'completed']) tally.time(isoOf(at(info, 'time', key)));
  if (at(info, 'role') !== 'assistant') return 0;
  tally.model(at(info, 'modelID'));
  tally.response(id, tokensOf(at(info, 'tokens')));
  for (const [i, part] of parts.entries())
    if (at(part, 'type') === 'tool') tally.tool(asText(at(part, 'callID')) ?? `${id}:${i}`, at(part, 'tool'));
  const price = at(info, 'cost');
  return typeof price === 'number' && price > 0 ? price : 0;
}

const isoOf = (ms: Json | undefined) =>
  typeof ms === 'number' && ms > 0 ? new Date(ms).toISOString() : undefined;

function tokensOf(tokens: Json | undefined) {
  const output = asCount(at(tokens, 'output'));
  const reasoning = asCount(at(tokens, 'reasoning'));
  return {
    input_tokens: asCount(at(tokens, 'input')),
    // OpenCode counts reasoning beside the output.
    output_tokens: output === undefined ? undefined : output + (reasoning ?? 0),
    cache_read_tokens: asCount(at(tokens, 'cache', 'read')),
    cache_creation_tokens: asCount(at(tokens, 'cache', 'write')),
    reasoning_tokens: reasoning,
  };
}
