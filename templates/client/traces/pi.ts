import { basename, join } from 'node:path';
import { asCount, asList, asText, at, filesBelow, jsonLines } from './jsonl.ts';
import { createTally } from './tally.ts';
import type { Adapter } from './types.ts';

/** pi: `~/.pi/agent/sessions/--{working directory, / → -}--/{time}_{session}.jsonl`. */
export const pi: Adapter = {
  harness: 'pi',
  announced: (env) => Boolean(env.PI_CODING_AGENT),

  async find({ env, home, cwd }) {
    const root = env.PI_CODING_AGENT_DIR ?? join(home, '.pi', 'agent');
    const project = `--${cwd.replace(/^[/\\]/, '').replace(/[/\\:]/g, '-')}--`;
    const logs = await filesBelow(join(root, 'sessions', project), (name) => name.endsWith('.jsonl'));
    return logs.map((log) => ({ ...log, more: [], certain: logs.length === 1 }));
  },

  async read(log) {
    const tally = createTally();
    let session = basename(log.file, '.jsonl').split('_').at(-1) ?? 'session';
    let cost = 0;
    let n = 0;
    for await (const line of jsonLines(log.file)) {
      n += 1;
      tally.time(line.timestamp);
      if (line.type === 'session') session = asText(line.id) ?? session;
      const message = at(line, 'message');
      if (line.type !== 'message' || at(message, 'role') !== 'assistant') continue;
      const id = asText(line.id) ?? `line:${n}`;
      const usage = at(message, 'usage');
      tally.model(at(message, 'model'));
      tally.response(id, {
        input_tokens: asCount(at(usage, 'input')),
        output_tokens: asCount(at(usage, 'output')),
        cache_read_tokens: asCount(at(usage, 'cacheRead')),
        cache_creation_tokens: asCount(at(usage, 'cacheWrite')),
      });
      const price = at(usage, 'cost', 'total');
      cost += typeof price === 'number' && price > 0 ? price : 0;
      for (const [i, block] of asList(at(message, 'content')).entries())
        if (at(block, 'type') === 'toolCall')
          tally.tool(asText(at(block, 'id')) ?? `${id}:${i}`, at(block, 'name'));
    }
    const stats = tally.stats(session);
    return cost > 0 ? { ...stats, cost_usd: Math.round(cost * 1e6) / 1e6 } : stats;
  },
};
