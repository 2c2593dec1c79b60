import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { hfToken } from '../credentials.ts';
import { ClientError } from '../errors.ts';
import { redact } from '../redact.ts';
import { openScratch } from '../scratch.ts';
import { type Chosen, chooseLog } from '../traces/index.ts';
import { manifestOf } from '../traces/manifest.ts';
import type { TraceStats } from '../traces/types.ts';
import { flag, type Session, session, text, type Verb, type VerbContext } from '../verb.ts';

/** Whose session and which: a guess, and everything that carries its text, needs a yes. */
async function confirm(context: VerbContext, chosen: Chosen, full: boolean): Promise<void> {
  if (flag(context, 'yes') || (chosen.log.certain && !full)) return;
  const what = full ? 'the whole redacted log' : 'its token statistics';
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
  return redact(await readFile(file, 'utf8'), known);
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

export const shareTrace: Verb = {
  args: '',
  summary: 'publish what your session used: statistics, or the redacted log with --full',
  options: {
    harness: { type: 'string' },
    transcript: { type: 'string' },
    full: { type: 'boolean' },
    'result-ref': { type: 'string' },
    'dry-run': { type: 'boolean' },
    yes: { type: 'boolean' },
  },
  docs: {
    harness: 'claude-code, codex, gemini-cli, opencode or pi (else found out)',
    transcript: 'this log file',
    full: 'the log too, with credentials taken out',
    'result-ref': 'result this session led to',
    'dry-run': 'show the manifest; upload nothing',
    yes: 'do not ask',
  },
  async run(context) {
    const { io } = context;
    const [harness, transcript, resultRef] = ['harness', 'transcript', 'result-ref'].map((n) =>
      text(context, n),
    );
    const chosen = await chooseLog(io, {
      ...(harness ? { harness } : {}),
      ...(transcript ? { transcript } : {}),
    });
    const stats = await chosen.adapter.read(chosen.log);
    const full = flag(context, 'full');
    const options = { harness: chosen.adapter.harness, ...(resultRef ? { resultRef } : {}) };
    if (flag(context, 'dry-run')) {
      const manifest = manifestOf(stats, options);
      return { data: { dry_run: true, file: chosen.log.file, manifest }, text: manifest };
    }
    await confirm(context, chosen, full);
    const own = await session(context);
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
    const answer = await promote(own, prefix, full ? 'full' : 'stats');
    return {
      data: { ...answer, stats, redactions: log?.count ?? 0 },
      text: [
        `Shared ${full ? 'the log' : 'the numbers'} of ${shown(stats, chosen.adapter.harness)}.`,
        `It stands at ${own.api.base}/v1/traces/${own.profile.agent_id}/${stats.session_id}`,
      ].join('\n'),
    };
  },
};
