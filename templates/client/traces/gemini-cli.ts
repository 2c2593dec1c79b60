import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { asCount, asList, asText, at, filesBelow, parse } from './jsonl.ts';
import { createTally } from './tally.ts';
import type { Adapter } from './types.ts';

/** Gemini CLI: `~/.gemini/tmp/{sha256 of the working directory}/chats/session-*.json`, one JSON object per session. */
export const geminiCli: Adapter = {
  harness: 'gemini-cli',
  announced: (env) => Boolean(env.GEMINI_CLI),

  async find({ home, cwd }) {
    const project = createHash('sha256').update(cwd).digest('hex');
    const logs = await filesBelow(join(home, '.gemini', 'tmp', project, 'chats'), (name) =>
      name.endsWith('.json'),
    );
    return logs.map((log) => ({ ...log, more: [], certain: logs.length === 1 }));
  },

  async read(log) {
    const tally = createTally();
    const chat = parse(await readFile(log.file, 'utf8'));
    tally.time(at(chat, 'startTime'));
    tally.time(at(chat, 'lastUpdated'));
    for (const [i, message] of asList(at(chat, 'messages')).entries()) {
      const id = asText(at(message, 'id')) ?? `message:${i}`;
      tally.time(at(message, 'timestamp'));
      if (at(message, 'type') !== 'gemini') continue;
      tally.model(at(message, 'model'));
      const tokens = at(message, 'tokens');
      const cached = asCount(at(tokens, 'cached'));
      const prompt = asCount(at(tokens, 'input'));
      const thoughts = asCount(at(tokens, 'thoughts'));
      const output = asCount(at(tokens, 'output'));
      // `input` counts what came from the cache as well, `output` leaves the thoughts out.
      tally.response(id, {
        input_tokens: prompt === undefined ? undefined : prompt - Math.min(cached ?? 0, prompt),
        output_tokens: output === undefined ? undefined : output + (thoughts ?? 0),
        cache_read_tokens: cached,
        reasoning_tokens: thoughts,
      });
      for (const [n, call] of asList(at(message, 'toolCalls')).entries())
        tally.tool(asText(at(call, 'id')) ?? `${id}:${n}`, at(call, 'name'));
    }
    return tally.stats(asText(at(chat, 'sessionId')) ?? basename(log.file, '.json'));
  },
};
