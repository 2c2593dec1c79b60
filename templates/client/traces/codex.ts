import { basename, join } from 'node:path';
import { asCount, asText, at, filesBelow, type Json, jsonLines } from './jsonl.ts';
import { createTally } from './tally.ts';
import type { Adapter, TraceStats, Usage } from './types.ts';

const CALLS = new Set(['function_call', 'custom_tool_call', 'local_shell_call', 'web_search_call']);

/** Codex: `~/.codex/sessions/…/rollout-*.jsonl`; the last `token_count` event holds the session's totals. */
export const codex: Adapter = {
  harness: 'codex',
  announced: (env) => Boolean(env.CODEX_SANDBOX || env.CODEX_SANDBOX_NETWORK_DISABLED || env.CODEX_THREAD_ID),

  async find({ env, home, cwd }) {
    const root = join(env.CODEX_HOME ?? join(home, '.codex'), 'sessions');
    const logs = await filesBelow(root, (name) => /^rollout-.*\.jsonl$/.test(name), true);
    const found = [];
    for (const log of logs.slice(0, 200))
      if ((await cwdOf(log.file)) === cwd) found.push({ ...log, more: [], certain: true });
    return found;
  },

  async read(log) {
    const tally = createTally();
    let session = basename(log.file, '.jsonl');
    let usage: Usage | undefined;
    let turns = 0;
    let calls = 0;
    for await (const line of jsonLines(log.file)) {
      const { payload } = line;
      const kind = at(payload, 'type');
      tally.time(line.timestamp);
      tally.model(at(payload, 'model'));
      if (line.type === 'session_meta')
        session = asText(at(payload, 'session_id')) ?? asText(at(payload, 'id')) ?? session;
      if (line.type === 'response_item' && typeof kind === 'string' && CALLS.has(kind)) {
        calls += 1;
        tally.tool(
          asText(at(payload, 'call_id')) ?? `call:${calls}`,
          kind === 'local_shell_call' ? 'shell' : (at(payload, 'name') ?? kind),
        );
      }
      // What a server of tools did; where the call itself was logged too, it has the same id.
      if (line.type === 'event_msg' && kind === 'mcp_tool_call_end')
        tally.tool(
          asText(at(payload, 'call_id')) ?? `call:${++calls}`,
          asText(at(payload, 'invocation', 'tool')) ?? 'mcp',
        );
      if (line.type === 'event_msg' && kind === 'token_count')
        usage = totals(at(payload, 'info', 'total_token_usage')) ?? usage;
      if (line.type === 'event_msg' && (kind === 'task_complete' || kind === 'turn_complete')) turns += 1;
    }
    const stats: TraceStats = tally.stats(session, turns > 0 ? { turns } : {});
    return usage ? { ...stats, usage } : stats;
  },
};

function totals(value: Json | undefined): Usage | undefined {
  const total = asCount(at(value, 'total_tokens'));
  if (total === undefined) return undefined;
  const part = (key: string) => asCount(at(value, key));
  return prune({
    total_tokens: total,
    input_tokens: part('input_tokens'),
    output_tokens: part('output_tokens'),
    cache_read_tokens: part('cached_input_tokens'),
    reasoning_tokens: part('reasoning_output_tokens'),
  });
}

const prune = (usage: Record<string, number | undefined>) =>
  Object.fromEntries(Object.entries(usage).filter(([, v]) => v !== undefined)) as Usage;

async function cwdOf(file: string): Promise<string | undefined> {
  let seen = 0;
  for await (const line of jsonLines(file)) {
    const cwd = asText(at(line.payload, 'cwd'));
    if (cwd) return cwd;
    seen += 1;
    if (seen > 50) return undefined;
  }
  return undefined;
}
