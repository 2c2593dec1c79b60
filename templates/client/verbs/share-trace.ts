import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { hfToken } from '../credentials.ts';
import { ClientError } from '../errors.ts';
import { redact } from '../redact.ts';
import { RULES } from '../redact-rules.ts';
import { openScratch } from '../scratch.ts';
import { type Chosen, chooseLog } from '../traces/index.ts';
import { manifestOf } from '../traces/manifest.ts';
import type { TraceStats } from '../traces/types.ts';
import { flag, type Session, text, type Verb, type VerbContext } from '../verb.ts';
import { targetOf } from './trace-target.ts';

/** Whose session and which: a guess, and everything that carries its text, needs a yes. */
async function confirm(context: VerbContext, chosen: Chosen, full: boolean): Promise<void> {
  if (flag(context, 'yes') || (chosen.log.certain && !full)) return;
  const log = flag(context, 'raw') ? 'log, NOT redacted,' : 'redacted log';
  const what = full ? `the whole ${log}` : 'its token statistics';
  const question = `Publish ${what} of ${chosen.log.file}?`;
  const { stdin, stderr } = context.io;
  if (!stdin.isTTY)
    throw new ClientError('CONFIRM_NEEDED', `${question} There is nobody to ask.`, {
      next: [{ command: 'node collab.mjs share-trace … --yes', why: 'says yes' }],
    });
  const lines = createInterface({ input: stdin, output: stderr });
  const answer = await lines.question(`${question} Type yes: `);
  lines.close();
  if (answer.trim().toLowerCase() !== 'yes') throw new ClientError('CANCELLED', 'Nothing was shared.');
}

async function redactedLog(context: VerbContext, own: Session, file: string) {
  const known = [own.profile.agent_key, await hfToken(context.io)];
  return redact(await readFile(file, 'utf8'), known, flag(context, 'raw') ? [] : RULES);
}

async function promote(own: Session, prefix: string, share: 'stats' | 'full') {
  const source = `hf://buckets/${own.profile.agent_bucket}/${prefix}`;
  return own.api
    .call<Record<string, unknown>>('/v1/traces', {
      method: 'POST',
      body: { source, share },
      bearer: own.profile.agent_key,
    })
    .catch((error) => {
      if (error instanceof ClientError && error.status === 404)
        throw new ClientError(
          'TRACES_NOT_SERVED',
          'The trace is in your bucket, but this server does not take traces.',
          {
            hint: source,
          },
        );
      throw error;
    });
}

function shown(stats: TraceStats, harness: string): string {
  const tokens = stats.usage?.total_tokens?.toLocaleString('en-US') ?? 'no';
  return `${harness} session ${stats.session_id}: ${tokens} tokens, ${stats.activity.tool_calls} tool calls`;
}

function checkFlags(context: VerbContext): void {
  const [full, raw, stats] = ['full', 'raw', 'stats-only'].map((name) => flag(context, name));
  if (raw && !full) throw new ClientError('BAD_FLAG', '--raw says how a log is shared: add --full.');
  if (full && stats) throw new ClientError('BAD_FLAG', 'Either --full or --stats-only.');
}

function said(own: Session, session: string, uploadOnly: boolean): string {
  const { agent_bucket, agent_id } = own.profile;
  return uploadOnly
    ? `It lies in hf://buckets/${agent_bucket}/traces/${session} and was not announced.`
    : `It stands at ${own.api.base}/v1/traces/${agent_id}/${session}`;
}

export const shareTrace: Verb = {
  args: '',
  summary: 'publish what your session used: statistics, or the redacted log with --full',
  options: {
    harness: { type: 'string' },
    transcript: { type: 'string' },
    'session-id': { type: 'string' },
    full: { type: 'boolean' },
    'stats-only': { type: 'boolean' },
    raw: { type: 'boolean' },
    'result-ref': { type: 'string' },
    org: { type: 'string' },
    slug: { type: 'string' },
    backend: { type: 'string' },
    'upload-only': { type: 'boolean' },
    'dry-run': { type: 'boolean' },
    yes: { type: 'boolean' },
  },
  docs: {
    harness: 'claude-code, codex, gemini-cli, opencode, pi or auto (found out)',
    transcript: 'this log file',
    'session-id': 'this session; with --transcript, the name it is shared under',
    full: 'the log too, with credentials taken out',
    'stats-only': 'no log, as without --full',
    raw: 'with --full: the log as it is; only your own token and key are taken out',
    'result-ref': 'result this session led to',
    org: 'with --slug and --agent-id: whose bucket, without having joined (ORG)',
    slug: 'slug of the collaboration (COLLAB_SLUG)',
    backend: 'the same as --api (COLLAB_BACKEND); tells --org and --slug too',
    'upload-only': 'to your bucket; the server is not told',
    'dry-run': 'show the manifest; upload nothing',
    yes: 'do not ask',
  },
  async run(context) {
    checkFlags(context);
    const { io } = context;
    const [harness, transcript, resultRef, sessionId] = [
      'harness',
      'transcript',
      'result-ref',
      'session-id',
    ].map((n) => text(context, n));
    const chosen = await chooseLog(io, {
      harness: harness === 'auto' ? undefined : harness,
      transcript,
      sessionId,
    });
    const read = await chosen.adapter.read(chosen.log);
    const stats = sessionId ? { ...read, session_id: sessionId } : read;
    const full = flag(context, 'full');
    const options = { harness: chosen.adapter.harness, ...(resultRef ? { resultRef } : {}) };
    if (flag(context, 'dry-run')) {
      const manifest = manifestOf(stats, options);
      return { data: { dry_run: true, file: chosen.log.file, manifest }, text: manifest };
    }
    await confirm(context, chosen, full);
    const own = await targetOf(context);
    const scratch = await openScratch(io, own);
    const log = full
      ? { name: basename(chosen.log.file), ...(await redactedLog(context, own, chosen.log.file)) }
      : null;
    const manifest = manifestOf(stats, {
      ...options,
      ...(log ? { nativeLogFile: log.name, redactions: log.count } : {}),
    });
    const prefix = `traces/${stats.session_id}`;
    if (log) await scratch.write(`${prefix}/${log.name}`, log.text);
    await scratch.write(`${prefix}/manifest.md`, manifest);
    const uploadOnly = flag(context, 'upload-only');
    const answer = uploadOnly ? { uploaded: prefix } : await promote(own, prefix, full ? 'full' : 'stats');
    return {
      data: { ...answer, stats, redactions: log?.count ?? 0 },
      text: [
        `Shared ${full ? 'the log' : 'the numbers'} of ${shown(stats, chosen.adapter.harness)}.`,
        said(own, stats.session_id, uploadOnly),
      ].join('\n'),
    };
  },
};
