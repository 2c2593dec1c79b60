import { parseArgs } from 'node:util';
import { asCalled } from './called.ts';
import type { Command, CommandContext, Outcome, ProgressEvent } from './command.ts';
import { Cancelled, CollabError, diskFault, type NextStep } from './errors.ts';
import type { Io } from './io.ts';
import { VERBS, type VerbName } from './verbs.ts';

const COMMON = {
  json: { type: 'boolean' },
  verbose: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

const EXIT = { ok: 0, error: 1, changes: 2, action_required: 2 } as const;

/** Runs one command line. @returns the exit code: 0 done, 1 error, 2 changes or an answer is missing, 130 cancelled. */
export async function main(io: Io, version: string): Promise<number> {
  const json = io.argv.includes('--json');
  const verbose = io.argv.includes('--verbose');
  try {
    const outcome = await dispatch(io, version, json, verbose);
    print(io, outcome, json);
    return EXIT[outcome.status];
  } catch (error) {
    return report(io, error, json, verbose);
  }
}

async function dispatch(io: Io, version: string, json: boolean, verbose: boolean): Promise<Outcome> {
  const [first, ...rest] = io.argv;
  if (first === undefined && !io.stdin.isTTY) return help(version);
  if (first === '--help' || first === '-h' || first === 'help') return help(version);
  if (first === '--version' || first === '-v') return { status: 'ok', text: version, data: { version } };
  const verb = first !== undefined && first in VERBS ? (first as VerbName) : 'new';
  const command = await VERBS[verb].load();
  return runCommand(io, command, first === verb ? rest : io.argv, json, verbose);
}

async function runCommand(io: Io, command: Command, argv: string[], json: boolean, verbose: boolean) {
  const parsed = parseCommandLine(command, argv);
  if (parsed.values.help) return { status: 'ok', text: commandHelp(command) } satisfies Outcome;
  const context: CommandContext = {
    io,
    options: parsed.values,
    positionals: parsed.positionals,
    json,
    verbose,
    progress: (event) => progress(io, event, json),
  };
  return command.run(context);
}

function parseCommandLine(command: Command, argv: string[]) {
  try {
    return parseArgs({ args: argv, options: { ...command.options, ...COMMON }, allowPositionals: true });
  } catch (error) {
    throw new CollabError('BAD_FLAG', (error as Error).message, {
      next: [{ command: `create-collab ${command.name} --help`, why: 'lists every flag' }],
    });
  }
}

function help(version: string): Outcome {
  const rows = Object.entries(VERBS).map(
    ([name, verb]) => `  ${`${name} ${verb.args}`.padEnd(28)}${verb.summary}`,
  );
  const text = [
    `create-collab ${version}: turn a research question into a running agent collaboration.`,
    '',
    'Usage: create-collab [verb] [dir] [flags]      (no verb: new)',
    '',
    ...rows,
    '',
    'Every verb takes --json (one object on stdout), --verbose and --help.',
    'Without a terminal: create-collab new my-challenge --template gemma --yes',
  ].join('\n');
  return { status: 'ok', text };
}

function commandHelp(command: Command): string {
  const names = Object.keys(command.options).filter((name) => !isOpposite(command, name));
  const flags = names.map((name) => flagText(command, name));
  const width = Math.max(...flags.map((flag) => flag.length), 20) + 2;
  const rows = flags.map(
    (flag, i) => `  ${flag.padEnd(width)}${command.optionDocs[names[i] as string] ?? ''}`,
  );
  return [`create-collab ${command.name} ${command.args}`, '', command.summary, '', ...rows].join('\n');
}

/** `--no-x` stands beside `--x`, on one line. */
const isOpposite = (command: Command, name: string) =>
  name.startsWith('no-') && name.slice(3) in command.options;

function flagText(command: Command, name: string): string {
  if (command.options[name]?.type !== 'boolean') return `--${name} <value>`;
  return `no-${name}` in command.options ? `--[no-]${name}` : `--${name}`;
}

function print(io: Io, outcome: Outcome, json: boolean): void {
  if (json) {
    const { status, data } = outcome;
    io.stdout.write(`${JSON.stringify({ status, ...data, next: steps(io, outcome.next ?? []) })}\n`);
    return;
  }
  if (outcome.text) io.stdout.write(`${asCalled(io.env, outcome.text)}\n`);
  for (const step of steps(io, outcome.next ?? []))
    io.stdout.write(`  next: ${step.command}   (${step.why})\n`);
}

const steps = (io: Io, next: readonly NextStep[]) =>
  next.map(({ command, why }) => ({ command: asCalled(io.env, command), why }));

function progress(io: Io, event: ProgressEvent, json: boolean): void {
  if (json) {
    io.stderr.write(`${JSON.stringify({ event: 'progress', ...event })}\n`);
    return;
  }
  const mark = { start: '…', done: '✓', failed: '✗', info: '·' }[event.state];
  const time = event.ms === undefined ? '' : ` (${event.ms} ms)`;
  io.stderr.write(`${mark} ${event.text}${time}\n`);
}

function report(io: Io, error: unknown, json: boolean, verbose: boolean): number {
  if (error instanceof Cancelled) {
    if (json) io.stdout.write(`${JSON.stringify({ status: 'error', code: 'CANCELLED', next: [] })}\n`);
    else io.stderr.write('Cancelled. Nothing more was written.\n');
    return 130;
  }
  const known = error instanceof CollabError ? error : (diskFault(error) ?? internal(error));
  if (json) {
    const { code, message, problems } = known;
    const next = steps(io, known.next);
    io.stdout.write(`${JSON.stringify({ status: known.kind, code, message, problems, next })}\n`);
  } else {
    io.stderr.write(`${known.code}: ${known.message}\n`);
    for (const p of known.problems)
      io.stderr.write(`  ${p.at}: ${p.problem}${p.hint ? `  (${p.hint})` : ''}\n`);
    for (const step of steps(io, known.next)) io.stderr.write(`  next: ${step.command}   (${step.why})\n`);
  }
  if (verbose && error instanceof Error) io.stderr.write(`${error.stack ?? ''}\n`);
  return EXIT[known.kind];
}

function internal(error: unknown): CollabError {
  const message = error instanceof Error ? error.message : String(error);
  return new CollabError('INTERNAL', message, {
    next: [{ command: 'the same command with --verbose', why: 'shows where it happened; please report it' }],
    cause: error,
  });
}
