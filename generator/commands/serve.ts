import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createHubClient } from '@collab/hub/client.ts';
import { HUB_OPTION_DOCS, HUB_OPTIONS, type ServerAccess, serverAccess } from '../apply/connect.ts';
import { readChallengeFiles } from '../apply/directory.ts';
import { withHub } from '../apply/hub-failure.ts';
import { spaceProblems } from '../apply/inputs.ts';
import { ownerOf } from '../apply/observe.ts';
import { type LocalServer, startServer } from '../apply/server.ts';
import type { Command, CommandContext, Outcome } from '../command.ts';
import type { ChallengeConfig } from '../config/types.ts';
import { readChallenge } from '../config/yaml.ts';
import { Cancelled, CollabError } from '../errors.ts';
import type { Io } from '../io.ts';
import { CommandOf } from '../plan/commands.ts';
import { spaceTokenNode } from '../plan/tokens.ts';
import { choosePort } from '../ports.ts';

const PORT = 7860;

const run: Command['run'] = async (context) => {
  const { io, options, progress } = context;
  const dir = resolve(io.cwd, context.positionals[0] ?? '.');
  const config = await readChallenge(dir);
  refuseBesideSpace(config);
  const access = await serverAccess(io, dir, config);
  await refuseStaleBuild(io, dir, config);
  await requireHub(context, config, access);
  const host = typeof options.host === 'string' ? options.host : '127.0.0.1';
  const port = await choosePort(options.port, PORT, host);
  await mkdir(join(dir, '.collab'), { recursive: true });
  const began = io.now();
  const server = await startServer({ io, dir, config, access, host, port, verbose: context.verbose });
  try {
    progress({ id: 'server', state: 'done', text: `Server at ${server.url}`, ms: io.now() - began });
    return await stay(context, config, access, server);
  } finally {
    await server.stop();
  }
};

/** The Space is a server of its own. */
function refuseBesideSpace({ hub }: ChallengeConfig): void {
  if (!hub.space) return;
  throw new CollabError(
    'SPACE_PLANNED',
    `hub.space in challenge.yaml is ${hub.space}: that Space is the server, and one alone may write the record.`,
    { next: [CommandOf.noSpace, CommandOf.apply] },
  );
}

async function refuseStaleBuild(io: Io, dir: string, config: ChallengeConfig): Promise<void> {
  const [problem] = spaceProblems(dir, (await readChallengeFiles(dir, config, io.packageRoot)).space);
  if (!problem) return;
  const { command, why } = problem;
  throw new CollabError('BUILD_STALE', problem.problem, { next: [{ command, why }] });
}

/** What the server cannot do without: a narrow token, and the buckets that apply makes. */
async function requireHub(
  context: CommandContext,
  config: ChallengeConfig,
  { hubUrl, token }: ServerAccess,
): Promise<void> {
  const { io, options } = context;
  const clock = { now: io.now, sleep: (ms: number) => io.sleep(ms, io.signal) };
  const hub = createHubClient({ endpoint: hubUrl, token, fetch: io.fetch, clock });
  const node = spaceTokenNode(
    { config, allowBroadToken: Boolean(options['allow-broad-token']), tokensShared: false },
    await ownerOf(hub, token),
  );
  if (node.state === 'blocked')
    throw new CollabError('TOKEN_UNFIT', `${node.title}: ${node.reason}`, {
      kind: 'action_required',
      next: (node.next ?? []).map((step) => (step === CommandOf.allowBroad ? ALLOW_BROAD : step)),
    });
  for (const id of [config.hub.central_bucket, config.hub.private_bucket])
    if (!(await hub.bucketInfo(id)))
      throw new CollabError('BUCKET_MISSING', `${id} does not exist, or the server's token cannot see it.`, {
        next: [CommandOf.apply],
      });
}

const ALLOW_BROAD = { ...CommandOf.allowBroad, command: 'create-collab serve --allow-broad-token' };

/** Up until Ctrl-C. A server that ends by itself is an error: whatever runs this verb may start it again. */
async function stay(
  context: CommandContext,
  config: ChallengeConfig,
  { hubUrl }: ServerAccess,
  server: LocalServer,
): Promise<Outcome> {
  const { io } = context;
  if (io.signal.aborted) throw new Cancelled();
  const { url } = server;
  const data = { api_url: url, dashboard_url: `${url}/`, hub_url: hubUrl, pid: server.pid };
  if (context.json) io.stderr.write(`${JSON.stringify({ event: 'ready', ...data })}\n`);
  else io.stdout.write(`${welcome(config, url).join('\n')}\n`);
  const stopped = new Promise<'stopped'>((done) =>
    io.signal.addEventListener('abort', () => done('stopped'), { once: true }),
  );
  const end = await Promise.race([stopped, server.ended]);
  if (end !== 'stopped')
    throw new CollabError(
      'SERVER_ENDED',
      `The server ended by itself (${end}).\n${server.log().join('\n')}`,
      {
        next: [CommandOf.serve],
      },
    );
  return { status: 'ok', data, text: '\nStopped. The record is in the buckets.', next: [CommandOf.serve] };
}

const welcome = ({ hub }: ChallengeConfig, url: string): string[] => [
  '',
  `Dashboard  ${url}/`,
  `API        ${url}`,
  `Record     ${hub.central_bucket}`,
  '',
  'Running; Ctrl-C stops it.',
];

export const command: Command = {
  name: 'serve',
  args: '[dir]',
  summary:
    'Runs the server here, on the buckets of the challenge, in place of a Space (hub.space is empty). SPACE_TOKEN is its token.',
  options: {
    port: { type: 'string' },
    host: { type: 'string' },
    'allow-broad-token': HUB_OPTIONS['allow-broad-token'],
  },
  optionDocs: {
    port: 'port to listen on (default 7860 or the next free one; 0: any free one)',
    host: 'address to listen on (default 127.0.0.1; 0.0.0.0 in a container)',
    'allow-broad-token': HUB_OPTION_DOCS['allow-broad-token'],
  },
  run: withHub(run),
};
