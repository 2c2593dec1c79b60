import { basename, dirname, join } from 'node:path';
import { asCount, asList, asText, at, filesBelow, jsonLines } from './jsonl.ts';
import { createTally } from './tally.ts';
import type { Adapter, Place, TraceLog } from './types.ts';

/**
 * Claude Code: `~/.claude/projects/{working directory, all but letters and digits → -}/{session}.jsonl`, sub-agents in
 * `{session}/subagents/` or beside it as `agent-*.jsonl` with the session's id inside.
 */
export const claudeCode: Adapter = {
  harness: 'claude-code',
  announced: (env) => Boolean(env.CLAUDECODE || env.CLAUDE_CODE_SESSION_ID),

  async find(place) {
    const folder = join(configDir(place), 'projects', place.cwd.replace(/[^A-Za-z0-9]/g, '-'));
    const id = place.env.CLAUDE_CODE_SESSION_ID;
    const logs = await filesBelow(folder, (name) => name.endsWith('.jsonl') && !name.startsWith('agent-'));
    const mine = id ? logs.filter((log) => basename(log.file) === `${id}.jsonl`) : logs;
    return Promise.all(
      mine.map(async ({ file, mtimeMs }) => ({
        file,
        mtimeMs,
        more: await subagents(file),
        certain: Boolean(id) || mine.length === 1,
      })),
    );
  },

  async read(log: TraceLog) {
    const tally = createTally();
    let session = basename(log.file, '.jsonl');
    for (const file of [log.file, ...log.more])
      for await (const line of jsonLines(file)) {
        tally.time(line.timestamp);
        if (file === log.file) session = asText(line.sessionId) ?? session;
        // Errors that Claude Code writes into its own log are no answers of a model.
        if (line.type !== 'assistant' || at(line, 'message', 'model') === '<synthetic>') continue;
        tally.model(file === log.file ? at(line, 'message', 'model') : undefined);
        const usage = at(line, 'message', 'usage');
        const id =
          asText(at(line, 'message', 'id')) ?? asText(line.requestId) ?? asText(line.uuid) ?? `${file}:none`;
        if (usage)
          tally.response(id, {
            input_tokens: asCount(at(usage, 'input_tokens')),
            output_tokens: asCount(at(usage, 'output_tokens')),
            cache_read_tokens: asCount(at(usage, 'cache_read_input_tokens')),
            cache_creation_tokens: asCount(at(usage, 'cache_creation_input_tokens')),
          });
        for (const [i, block] of asList(at(line, 'message', 'content')).entries())
          if (at(block, 'type') === 'tool_use')
            tally.tool(asText(at(block, 'id')) ?? `${id}:${i}`, at(block, 'name'));
      }
    return tally.stats(session, log.more.length > 0 ? { subagent_logs: log.more.length } : {});
  },
};

const configDir = ({ env, home }: Place) => env.CLAUDE_CONFIG_DIR ?? join(home, '.claude');

async function subagents(file: string): Promise<string[]> {
  const session = basename(file, '.jsonl');
  const own = await filesBelow(join(dirname(file), session, 'subagents'), (name) => name.endsWith('.jsonl'));
  const beside = await filesBelow(dirname(file), (name) => /^agent-.*\.jsonl$/.test(name));
  const ours: string[] = [];
  for (const { file: candidate } of beside)
    if ((await sessionOf(candidate)) === session) ours.push(candidate);
  return [...own.map((f) => f.file), ...ours].sort();
}

async function sessionOf(file: string): Promise<string | undefined> {
  for await (const line of jsonLines(file)) return asText(line.sessionId);
  return undefined;
}
