import { resolve } from 'node:path';
import { applyChallenge, onThisMachine } from '../apply/challenge.ts';
import { HUB_OPTION_DOCS, HUB_OPTIONS, localAccessTokens } from '../apply/connect.ts';
import { withHub } from '../apply/hub-failure.ts';
import { startLocalHub } from '../apply/local-hub.ts';
import { agentPrompt } from '../apply/prompt.ts';
import type { ApplyOptions, ApplyReport, LocalHub } from '../apply/types.ts';
import { applyEdits } from '../apply/watch.ts';
import type { Command, CommandContext, Outcome } from '../command.ts';
import type { ChallengeConfig } from '../config/types.ts';
import { readChallenge } from '../config/yaml.ts';
import { Cancelled, CollabError } from '../errors.ts';
import { ensurePrepared } from '../eval/prepare.ts';
import { CommandOf } from '../plan/commands.ts';
import { waitsForPerson } from '../plan/provision.ts';

const run: Command['run'] = async (context) => {
  const { io } = context;
  const dir = resolve(io.cwd, context.positionals[0] ?? '.');
  const read = await readChallenge(dir);
  const config = onThisMachine(read);
  if (config !== read)
    context.progress({
      id: 'rehearsal',
      state: 'info',
      text: `A rehearsal: ${read.hub.endpoint} is not touched`,
    });
  await ensurePrepared(context, { dir, config });
  const { host } = context.options;
  const hub = await startLocalHub({
    io,
    dir,
    hub: config.hub,
    ...(typeof host === 'string' ? { host } : {}),
    trustSubmissions: context.options['trust-submissions'] === true,
    progress: context.progress,
  });
  try {
    return await bringUpAndStay(context, config, dir, hub);
  } catch (error) {
    throw io.signal.aborted ? new Cancelled() : error;
  } finally {
    await hub.stop();
  }
};

async function bringUpAndStay(
  context: CommandContext,
  config: ChallengeConfig,
  dir: string,
  hub: LocalHub,
): Promise<Outcome> {
  const { io, options } = context;
  const target: ApplyOptions = {
    io,
    dir,
    rehearsal: true,
    hubUrl: hub.url,
    token: hub.tokens.organizer ?? '',
    ...localAccessTokens(hub.tokens),
    takeMine: Boolean(options['take-mine']),
    takeTheirs: Boolean(options['take-theirs']),
    // Whatever is on this hub came from this directory.
    adopt: true,
    progress: context.progress,
  };
  const report = await applyChallenge(target);
  const apiUrl = readyOrThrow(report, config.hub.space !== '');
  const data = {
    challenge_dir: dir,
    hub_url: hub.url,
    api_url: apiUrl,
    dashboard_url: apiUrl && `${apiUrl}/`,
    resumed: hub.resumed,
    writes: report.writes,
    timings_ms: { apply: report.timingsMs.apply, space_ready: report.timingsMs.spaceReady },
  };
  if (!options.once) await stayUp(context, target, data, welcome(config, dir, hub, apiUrl, report));
  return {
    status: 'ok',
    data,
    text: options.once
      ? `It came up at ${apiUrl ?? hub.url} and was stopped again.`
      : `\nStopped. Everything is kept in ${dir}.`,
    next: [CommandOf.dev],
  };
}

/** The server's address; `null` when no Space is planned and the hub alone stays up, for `serve`. */
function readyOrThrow(report: ApplyReport, withSpace: boolean): string | null {
  const failed = report.operations.find((operation) => operation.state === 'failed')?.error;
  if (report.status !== 'error' && report.apiUrl) return report.apiUrl;
  if (report.status === 'ok' && !withSpace) return null;
  const waiting = report.plan.nodes.find(waitsForPerson);
  const why =
    failed?.message ?? (waiting ? `${waiting.title}: ${waiting.reason}` : 'The server does not answer.');
  throw new CollabError(failed?.code ?? 'APPLY_INCOMPLETE', why, {
    next: failed?.next ?? waiting?.next ?? [CommandOf.doctor],
  });
}

async function stayUp(
  context: CommandContext,
  target: ApplyOptions,
  data: Record<string, unknown>,
  screen: string[],
): Promise<void> {
  const { io } = context;
  if (context.json) io.stderr.write(`${JSON.stringify({ event: 'ready', ...data })}\n`);
  else io.stdout.write(`${screen.join('\n')}\n`);
  await applyEdits(target);
}

function welcome(
  config: ChallengeConfig,
  dir: string,
  hub: LocalHub,
  apiUrl: string | null,
  report: ApplyReport,
): string[] {
  const conflicts = report.plan.nodes.filter((node) => node.state === 'conflict');
  if (apiUrl === null)
    return [
      '',
      `Hub        ${hub.url}`,
      'No Space (hub.space is empty); in another terminal `create-collab serve` runs the server.',
      '',
      'Running; Ctrl-C stops it.',
    ];
  return [
    '',
    ...conflicts.map(
      (node) => `! ${node.title}: ${node.reason} (left as it is; --take-mine or --take-theirs)`,
    ),
    `Dashboard  ${apiUrl}/`,
    `API        ${apiUrl}`,
    `Hub        ${hub.url}`,
    '',
    'Hand this to a coding agent of yours:',
    '',
    agentPrompt({ dir, apiUrl, hubUrl: hub.url, bucket: config.hub.central_bucket }),
    '',
    'Running; Ctrl-C stops it.',
  ];
}

export const command: Command = {
  name: 'dev',
  args: '[dir]',
  summary:
    'Runs the challenge on this machine: embedded hub and Space on loopback, until Ctrl-C. State is kept.',
  options: {
    'take-mine': HUB_OPTIONS['take-mine'],
    'take-theirs': HUB_OPTIONS['take-theirs'],
    host: { type: 'string' },
    'trust-submissions': { type: 'boolean' },
    once: { type: 'boolean' },
  },
  optionDocs: {
    ...HUB_OPTION_DOCS,
    host: 'address to listen on, to serve others (default 127.0.0.1)',
    'trust-submissions':
      'run what anybody submits, also where nothing separates it from your files (no Landlock, not root)',
    once: 'bring it up, then stop it again',
  },
  run: withHub(run),
};
