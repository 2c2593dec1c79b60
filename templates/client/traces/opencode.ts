import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { asCount, asText, at, filesBelow, type Json, parse } from './jsonl.ts';
import { createTally } from './tally.ts';
import type { Adapter, Place, TraceLog } from './types.ts';

/**
 * OpenCode: `~/.local/share/opencode/storage/session/{project}/{session}.json` with the messages in
 * `message/{session}/` and their parts in `part/{message}/`.
 */
export const opencode: Adapter = {
  harness: 'opencode',
  announced: (env) => Boolean(env.OPENCODE),

  async find(place) {
    const root = storage(place);
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

  async read(log) {
    const tally = createTally();
    const info = await readJson(log.file);
    let cost = 0;
    for (const file of log.more) {
      const message = await readJson(file);
      const id = asText(at(message, 'id')) ?? basename(file, '.json');
      for (const key of ['created', 'completed']) tally.time(isoOf(at(message, 'time', key)));
      if (at(message, 'role') !== 'assistant') continue;
      tally.model(at(message, 'modelID'));
      const price = at(message, 'cost');
      cost += typeof price === 'number' && price > 0 ? price : 0;
      tally.response(id, tokensOf(at(message, 'tokens')));
      for (const part of await filesBelow(join(file, '..', '..', '..', 'part', id), (n) =>
        n.endsWith('.json'),
      )) {
        const value = await readJson(part.file);
        if (at(value, 'type') === 'tool')
          tally.tool(asText(at(value, 'callID')) ?? part.file, at(value, 'tool'));
      }
    }
    const stats = tally.stats(asText(at(info, 'id')) ?? basename(log.file, '.json'));
    return cost > 0 ? { ...stats, cost_usd: Math.round(cost * 1e6) / 1e6 } : stats;
  },
};

const storage = ({ env, home }: Place) =>
  join(env.XDG_DATA_HOME ?? join(home, '.local', 'share'), 'opencode', 'storage');

const readJson = async (file: string) => parse(await readFile(file, 'utf8'));

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
