import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { asCount, asList, asText, at, filesBelow, type Json, jsonLines, parse } from './jsonl.ts';
import { createTally, type Tally } from './tally.ts';
import type { Adapter, Place } from './types.ts';

/**
 * Gemini CLI: `~/.gemini/tmp/{project}/chats/session-*`, a project being the SHA-256 of the working directory or a short
 * name whose `.project_root` holds it. A session is JSON lines with its sub-agents in `chats/{session}/`, or, before
 * that, one JSON object.
 */
export const geminiCli: Adapter = {
  harness: 'gemini-cli',
  announced: (env) => Boolean(env.GEMINI_CLI),

  async find(place) {
    const chats = (await projects(place)).map((project) => join(project, 'chats'));
    const found = await Promise.all(
      chats.map((folder) => filesBelow(folder, (name) => /^session-.*\.jsonl?$/.test(name))),
    );
    const logs = found.flat().sort((a, b) => b.mtimeMs - a.mtimeMs);
    const names = new Set(logs.map(({ file }) => file));
    // A session that was taken up again goes on in a file of the new form; the old one stays.
    const last = logs.filter(({ file }) => !names.has(`${file}l`));
    return Promise.all(
      last.map(async (log) => ({ ...log, more: await subagents(log.file), certain: last.length === 1 })),
    );
  },

  async read(log) {
    const tally = createTally();
    let session: string | undefined;
    for (const file of [log.file, ...log.more])
      for await (const record of records(file)) {
        if (file === log.file) session = asText(at(record, 'sessionId')) ?? session;
        take(tally, record);
      }
    const stats = tally.stats(session ?? basename(log.file).replace(/\.jsonl?$/, ''));
    if (log.more.length > 0) stats.extensions.subagent_logs = log.more.length;
    return stats;
  },
};

async function projects({ env, home, cwd }: Place): Promise<string[]> {
  const root = join(env.GEMINI_CLI_HOME ?? home, '.gemini', 'tmp');
  const hash = createHash('sha256').update(cwd).digest('hex');
  const names = await readdir(root).catch(() => []);
  const owners = await Promise.all(
    names.map((name) => readFile(join(root, name, '.project_root'), 'utf8').catch(() => '')),
  );
  return names
    .filter((name, i) => name === hash || owners[i]?.trim() === cwd)
    .map((name) => join(root, name));
}

/** `session-{time}-{first eight characters of the id}.jsonl` has its sub-agents in the folder of the whole id. */
async function subagents(file: string): Promise<string[]> {
  const id = /-([^-]{8})\.jsonl$/.exec(basename(file))?.[1];
  if (!id) return [];
  const chats = dirname(file);
  const folders = (await readdir(chats).catch(() => [])).filter((name) => name.startsWith(id));
  const logs = await Promise.all(
    folders.map((name) => filesBelow(join(chats, name), (leaf) => leaf.endsWith('.jsonl'))),
  );
  return logs
    .flat()
    .map((each) => each.file)
    .sort();
}

async function* records(file: string): AsyncGenerator<Json> {
  if (file.endsWith('.jsonl')) yield* jsonLines(file);
  else yield parse(await readFile(file, 'utf8')) ?? null;
}

/** A header, a message, a change of the header (`$set`), or all of it in one object. What was rewound was still spent. */
function take(tally: Tally, record: Json): void {
  for (const key of ['startTime', 'lastUpdated', 'timestamp']) tally.time(at(record, key));
  const changed = at(record, '$set');
  if (changed !== undefined) take(tally, changed);
  for (const [i, message] of asList(at(record, 'messages')).entries()) takeMessage(tally, message, i);
  if (asText(at(record, 'id'))) takeMessage(tally, record, 0);
}

function takeMessage(tally: Tally, message: Json, n: number): void {
  const id = asText(at(message, 'id')) ?? `message:${n}`;
  tally.time(at(message, 'timestamp'));
  if (at(message, 'type') !== 'gemini') return;
  tally.model(at(message, 'model'));
  tally.response(id, tokensOf(at(message, 'tokens')));
  for (const [i, call] of asList(at(message, 'toolCalls')).entries())
    tally.tool(asText(at(call, 'id')) ?? `${id}:${i}`, at(call, 'name'));
}

/** `input` counts what came from the cache as well and not what tools put into the prompt; `output` leaves the thoughts out. */
function tokensOf(tokens: Json | undefined) {
  const [input, output, cached, thoughts, tool] = ['input', 'output', 'cached', 'thoughts', 'tool'].map(
    (key) => asCount(at(tokens, key)),
  );
  return {
    input_tokens: input === undefined ? undefined : input - Math.min(cached ?? 0, input) + (tool ?? 0),
    output_tokens: output === undefined ? undefined : output + (thoughts ?? 0),
    cache_read_tokens: cached,
    reasoning_tokens: thoughts,
  };
}
