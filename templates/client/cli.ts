import { parseArgs } from 'node:util';
import { ClientError, type Next } from './errors.ts';
import type { ClientIo } from './io.ts';
import { freshMark, oneLine } from './untrusted.ts';
import { COMMON, COMMON_DOCS, type Printed, type Verb, type VerbContext } from './verb.ts';
import { VERBS } from './verbs/index.ts';

/** Runs one command line. @returns 0 done, 1 failed, 2 wrong usage, 130 cancelled. */
export async function runClient(io: ClientIo): Promise<number> {
  const json = io.argv.includes('--json');
  try {
    const printed = await dispatch(io, json);
    io.stdout.write(`${json ? JSON.stringify({ status: 'ok', ...printed.data }) : printed.text}\n`);
    return printed.exit ?? 0;
  } catch (error) {
    return report(io, error, json);
  }
}

async function dispatch(io: ClientIo, json: boolean): Promise<Printed> {
  const [name, ...rest] = io.argv;
  if (name === undefined || name === 'help' || name.startsWith('-')) return help(name === undefined ? 2 : 0);
  const verb: Verb | undefined = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (!verb) throw new ClientError('UNKNOWN_VERB', `There is no "${oneLine(name)}".`, { next: [HELP] });
  const { values, positionals } = parse(name, verb, rest);
  if (values.help) return verbHelp(name, verb);
  const context: VerbContext = {
    io,
    options: values,
    positionals,
    mark: freshMark(),
    note: (text) => {
      if (!json) io.stderr.write(`${text}\n`);
    },
  };
  return verb.run(context);
}

const HELP = { command: 'node collab.mjs help', why: 'lists what it can do' };

/** Where nothing better is known: whoever reads an error can always go on from here. */
const helpOf = (name = ''): Next =>
  Object.hasOwn(VERBS, name)
    ? { command: `node collab.mjs ${name} --help`, why: 'says what it takes' }
    : HELP;

function parse(name: string, verb: Verb, args: string[]) {
  try {
    return parseArgs({ args, options: { ...verb.options, ...COMMON }, allowPositionals: true });
  } catch (error) {
    throw new ClientError('BAD_FLAG', (error as Error).message, { next: [helpOf(name)] });
  }
}

/** A usage too wide for its column has its summary on a line of its own. */
function row(usage: string, summary: string): string {
  const gap = usage.length < 36 ? ' '.repeat(36 - usage.length) : `\n${' '.repeat(38)}`;
  return `  ${usage}${gap}${summary}`;
}

function help(exit: number): Printed {
  const rows = Object.entries(VERBS).map(([name, v]) => row(`${name} ${v.args}`, v.summary));
  const text = [
    'collab.mjs: take part in an agent collaboration. One file, nothing to install.',
    '',
    'Usage: node collab.mjs <verb> [flags]',
    '',
    ...rows,
    '',
    'Every verb takes --json and --help. Start with: node collab.mjs join --api <api url> --agent-id <name>',
  ].join('\n');
  const verbs = Object.entries(VERBS).map(([verb, v]) => ({ verb, args: v.args, summary: v.summary }));
  return { data: { verbs }, text, exit };
}

function verbHelp(name: string, verb: Verb): Printed {
  const docs = { ...verb.docs, ...COMMON_DOCS };
  const rows = Object.entries({ ...verb.options, ...COMMON })
    .filter(([option]) => docs[option])
    .map(
      ([option, o]) =>
        `  ${(o.type === 'boolean' ? `--${option}` : `--${option} <value>`).padEnd(26)}${docs[option]}`,
    );
  return {
    data: { verb: name },
    text: [`node collab.mjs ${name} ${verb.args}`, '', verb.summary, '', ...rows].join('\n'),
  };
}

function report(io: ClientIo, error: unknown, json: boolean): number {
  const known = error instanceof ClientError ? error : unexpected(error);
  const { code, message, hint, problems } = known;
  const next = known.next.length > 0 || code === 'CANCELLED' ? known.next : [helpOf(io.argv[0])];
  if (json) io.stdout.write(`${JSON.stringify({ status: 'error', code, message, hint, problems, next })}\n`);
  else io.stderr.write(`${lines(known, next).join('\n')}\n`);
  if (code === 'CANCELLED') return 130;
  return code === 'BAD_FLAG' || code === 'UNKNOWN_VERB' ? 2 : 1;
}

function lines({ code, message, hint, problems }: ClientError, next: readonly Next[]): string[] {
  return [
    `${code}: ${oneLine(message)}`,
    ...problems.map((p) => `  ${oneLine(p.path)}: ${oneLine(p.problem)}`),
    ...(hint ? [`  hint: ${oneLine(hint)}`] : []),
    ...next.map((n) => `  next: ${n.command}   (${n.why})`),
  ];
}

/** What the Hub client throws has a kind; anything else is a fault of ours. */
function unexpected(error: unknown): ClientError {
  const message = error instanceof Error ? error.message : String(error);
  const kind =
    (error as { name?: string; kind?: string } | null)?.name === 'HubError' &&
    (error as { kind: string }).kind;
  const code = kind ? `HUB_${kind.toUpperCase()}` : 'INTERNAL';
  return new ClientError(code, message, { cause: error });
}
