import { resolve } from 'node:path';
import { type Connection, connect, HUB_OPTION_DOCS, HUB_OPTIONS } from '../apply/connect.ts';
import { hubFindings } from '../apply/diagnosis.ts';
import type { Finding } from '../apply/finding.ts';
import { clientFor } from '../apply/hub-client.ts';
import { withHub } from '../apply/hub-failure.ts';
import { clockFinding, machineFindings } from '../apply/machine-findings.ts';
import { describe } from '../apply/run.ts';
import type { Command, CommandContext } from '../command.ts';
import { readChallenge } from '../config/yaml.ts';
import { CommandOf } from '../plan/commands.ts';
import { isLocal } from '../plan/model.ts';
import { stepLines } from '../plan/print.ts';
import { wrap } from '../plan/text.ts';

const MARK: Record<Finding['state'], string> = { ok: '✓', warning: '!', wrong: '✗', unknown: '?' };

const run: Command['run'] = async (context) => {
  const findings = [...(await machineFindings(context.io)), ...(await challengeFindings(context))];
  const wrong = findings.filter(({ state }) => state === 'wrong');
  const lines = findings.flatMap(findingLines);
  const unsure = findings.filter(({ state }) => state === 'unknown').length;
  const verdict =
    wrong.length === 0
      ? `Nothing is wrong${unsure > 0 ? `; ${unsure} could not be checked` : ''}.`
      : `${wrong.length} ${wrong.length === 1 ? 'thing is' : 'things are'} wrong.`;
  return {
    status: wrong.length === 0 ? 'ok' : 'error',
    text: [...lines, '', verdict].join('\n'),
    data: { findings },
    next: context.json ? wrong.flatMap(({ fix }) => fix ?? []) : [],
  };
};

function findingLines({ state, text, fix, alternatives = [] }: Finding): string[] {
  const [first = '', ...rest] = text.split('\n');
  return [
    ...wrap(first, `${MARK[state]} `, '    '),
    ...rest,
    ...(fix ? stepLines(fix, '    fix: ') : []),
    ...alternatives.flatMap((step) => stepLines(step, '    next: ')),
  ];
}

async function challengeFindings(context: CommandContext): Promise<Finding[]> {
  let connection: Connection;
  try {
    connection = await connect(context);
  } catch (error) {
    const { code, message, next } = describe(error);
    const fix = next[0] ?? CommandOf.check;
    return [
      { id: 'challenge', state: 'wrong', text: `${code}: ${message}`, fix },
      ...(await clockAlone(context)),
    ];
  }
  const valid: Finding = {
    id: 'challenge',
    state: 'ok',
    text: `challenge.yaml of "${connection.config.challenge.title}"`,
  };
  return [valid, ...(await hubFindings(connection))];
}

/** The clock needs neither token nor challenge: it is compared when the Hub is known. */
async function clockAlone({ io, positionals }: CommandContext): Promise<Finding[]> {
  const config = await readChallenge(resolve(io.cwd, positionals[0] ?? '.')).catch(() => null);
  if (!config || isLocal(config)) return [];
  return [await clockFinding(io, clientFor({ io, hubUrl: config.hub.endpoint, token: '' }))];
}

export const command: Command = {
  name: 'doctor',
  args: '[dir]',
  summary: 'Checks everything that an organizer can have wrong, and prints the fix for each. Reads only.',
  options: { 'allow-broad-token': HUB_OPTIONS['allow-broad-token'] },
  optionDocs: { 'allow-broad-token': HUB_OPTION_DOCS['allow-broad-token'] },
  run: withHub(run),
};
