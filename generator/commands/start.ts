import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { applyChallenge } from '../apply/challenge.ts';
import { localAccessTokens } from '../apply/connect.ts';
import { startLocalHub } from '../apply/local-hub.ts';
import { agentPrompt } from '../apply/prompt.ts';
import type { ApplyReport, LocalHub } from '../apply/types.ts';
import type { Command, CommandContext, Outcome } from '../command.ts';
import type { ChallengeConfig } from '../config/types.ts';
import { readChallenge } from '../config/yaml.ts';
import { Cancelled, CollabError } from '../errors.ts';
import { ensurePrepared } from '../eval/prepare.ts';
import { requirePython } from '../eval/process.ts';
import { checkReport, readReport, type TourReport, verdictLines } from '../tour/report.ts';
import { forPeople } from '../tour/telling.ts';
import { type TourOutcome, takeTour } from '../tour/tour.ts';

interface Timings {
  generate: number;
  apply: number;
  space_ready: number;
  jobs: number;
  total: number;
}

/** Writes the reference challenge unless one is there. @returns milliseconds it took; 0 when it was there */
async function generate(context: CommandContext, dir: string): Promise<number> {
  if (existsSync(join(dir, 'challenge.yaml'))) {
    context.progress({ id: 'generate', state: 'info', text: `Going on with the challenge in ${dir}` });
    return 0;
  }
  const began = context.io.now();
  const { command } = await import('./new.ts');
  const options = { template: 'gemma', yes: true, json: true };
  const outcome = await command.run({ ...context, options, positionals: [dir] });
  if (outcome.status !== 'ok')
    throw new CollabError('GENERATE_FAILED', outcome.text, { next: outcome.next ?? [] });
  const ms = context.io.now() - began;
  context.progress({ id: 'generate', state: 'done', text: `Wrote the Gemma challenge to ${dir}`, ms });
  return ms;
}

async function provision(
  context: CommandContext,
  dir: string,
  hub: LocalHub,
): Promise<ApplyReport & { apiUrl: string }> {
  const token = hub.tokens.organizer;
  if (!token) throw new CollabError('TOKEN_MISSING', 'The embedded hub has no user organizer.');
  const report = await applyChallenge({
    io: context.io,
    dir,
    hubUrl: hub.url,
    token,
    ...localAccessTokens(hub.tokens),
    // Whatever is on this hub came from this directory.
    adopt: true,
    progress: context.progress,
  });
  if (report.status !== 'ok' || !report.apiUrl) throw applyFailed(report, dir);
  return { ...report, apiUrl: report.apiUrl };
}

/** The first thing that went wrong, in its own words. */
function applyFailed({ operations, plan }: ApplyReport, dir: string): CollabError {
  const failed = operations.find((op) => op.state === 'failed')?.error;
  const stuck = plan.nodes.filter((node) => ['blocked', 'human', 'conflict'].includes(node.state));
  return new CollabError(
    failed?.code ?? 'APPLY_FAILED',
    failed?.message ?? 'The plan could not be applied.',
    {
      problems: failed ? [] : stuck.map((node) => ({ at: node.id, problem: node.reason })),
      next: failed?.next ??
        stuck[0]?.next ?? [{ command: `create-collab plan ${dir}`, why: 'shows what is missing' }],
    },
  );
}

interface Ready {
  dir: string;
  bucket: string;
  hub: LocalHub;
  apiUrl: string;
  tour: TourOutcome;
  report: TourReport;
  timings: Timings;
}

async function bringUp(
  context: CommandContext,
  { dir, bucket }: Pick<Ready, 'dir' | 'bucket'>,
  began: number,
  hub: LocalHub,
  generateMs: number,
): Promise<Ready> {
  const { io, progress } = context;
  const applied = await provision(context, dir, hub);
  const { apiUrl, timingsMs } = applied;
  const tour = await takeTour({ io, dir, apiUrl, hubUrl: hub.url, tokens: hub.tokens, say: progress });
  const report = await readReport(io, apiUrl, tour.results);
  checkReport(report);
  const timings = {
    generate: generateMs,
    apply: timingsMs.apply,
    space_ready: timingsMs.spaceReady,
    jobs: tour.jobsMs,
    total: io.now() - began,
  };
  return { dir, bucket, hub, apiUrl, tour, report, timings };
}

function data({ dir, hub, apiUrl, tour, report, timings }: Ready) {
  return {
    resumed: hub.resumed && tour.resumed,
    challenge_dir: dir,
    hub_url: hub.url,
    api_url: apiUrl,
    dashboard_url: `${apiUrl}/`,
    ...report,
    timings_ms: timings,
  };
}

const run: Command['run'] = async (given) => {
  const context = given.json ? given : { ...given, progress: forPeople(given.progress) };
  const dir = resolve(context.io.cwd, context.positionals[0] ?? 'gemma-collab');
  try {
    return await guide(context, dir);
  } catch (error) {
    throw context.io.signal.aborted ? new Cancelled() : resumable(error, dir);
  }
};

async function guide(context: CommandContext, dir: string): Promise<Outcome> {
  const { io, progress, options } = context;
  const began = io.now();
  await requirePython(io);
  const generateMs = await generate(context, dir);
  const config = await readChallenge(dir);
  requireTour(config, dir);
  await ensurePrepared(context, { dir, config });
  const trustSubmissions = options['trust-submissions'] === true;
  const hub = await startLocalHub({ io, dir, hub: config.hub, trustSubmissions, progress });
  try {
    const ready = await bringUp(context, { dir, bucket: config.hub.central_bucket }, began, hub, generateMs);
    return options.once ? finished(ready) : await stay(context, ready);
  } finally {
    await hub.stop();
  }
}

/** The scripted agents know the Gemma template, on this machine. @throws CollabError NOT_THE_TOUR */
function requireTour({ template, hub }: ChallengeConfig, dir: string): void {
  if (template === 'gemma' && hub.endpoint === 'local') return;
  throw new CollabError(
    'NOT_THE_TOUR',
    'The guided tour runs the gemma template on this machine; this is another challenge.',
    {
      next: [{ command: `create-collab dev ${dir}`, why: 'runs it here' }],
    },
  );
}

/** Every failure of the tour names the command that goes on with it. */
function resumable(error: unknown, dir: string): unknown {
  if (!(error instanceof CollabError) || error.next.length > 0) return error;
  const { code, message, problems, kind, cause } = error;
  const next = [{ command: `create-collab start ${dir}`, why: 'goes on where it stopped' }];
  return new CollabError(code, message, { next, problems, kind, cause });
}

function finished(ready: Ready): Outcome {
  const seconds = (ready.timings.total / 1000).toFixed(1);
  return {
    status: 'ok',
    data: data(ready),
    text: [`The tour took ${seconds} s.`, ...verdictLines(ready.report.results)].join('\n'),
  };
}

async function stay(context: CommandContext, ready: Ready): Promise<Outcome> {
  const { io } = context;
  const screen = welcome(ready).join('\n');
  if (context.json) io.stderr.write(`${JSON.stringify({ event: 'ready', ...data(ready) })}\n`);
  else io.stdout.write(`${screen}\n`);
  if (!io.signal.aborted)
    await new Promise<void>((done) => io.signal.addEventListener('abort', () => done(), { once: true }));
  const text = `\nStopped. Everything is kept in ${ready.dir}; the same command goes on with it.`;
  return { status: 'ok', data: data(ready), text };
}

function welcome(ready: Ready): string[] {
  return [
    '',
    'Verdicts (tokens per second)',
    ...verdictLines(ready.report.results),
    '',
    `Dashboard  ${ready.apiUrl}/`,
    `API        ${ready.apiUrl}`,
    '',
    'Hand this to a coding agent of yours:',
    '',
    agentPrompt({ dir: ready.dir, apiUrl: ready.apiUrl, hubUrl: ready.hub.url, bucket: ready.bucket }),
    '',
    'Running; Ctrl-C stops it.',
  ];
}

export const command: Command = {
  name: 'start',
  args: '[dir]',
  summary:
    'The guided tour: writes the Gemma challenge, runs it here, and lets three scripted agents take part.',
  options: { once: { type: 'boolean' }, 'trust-submissions': { type: 'boolean' } },
  optionDocs: {
    once: 'end after the tour instead of staying up until Ctrl-C',
    'trust-submissions':
      'run what anybody submits, also where nothing separates it from your files (no Landlock, not root)',
  },
  run,
};
