import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import type { CommandContext, Outcome } from '../command.ts';
import { shellWord } from '../config/replay.ts';
import { CollabError } from '../errors.ts';
import type { Io } from '../io.ts';
import { attack, type Bench, type CheatRow } from './attack.ts';
import { usableCalibration } from './calibrate.ts';
import { evidenceLine } from './evidence.ts';
import type { Challenge } from './harness.ts';
import { provingGround } from './proving-ground.ts';
import { remember } from './record.ts';
import { REDTEAM, stampOf } from './run-folder.ts';
import { cheatFolders, type ShippedCheat, shippedCheats } from './samples.ts';
import { table } from './table.ts';

interface Row extends CheatRow {
  /** The folder its runs are kept in, absolute. */
  dir: string;
}

/** `eval redteam`: every shipped cheat ends caught by what is named, and comes through when that is switched off. */
export async function redteam(context: CommandContext, asked: Challenge): Promise<Outcome> {
  const cheats = await chosen(context, asked);
  const challenge = await provingGround(context, asked);
  const work = await mkdtemp(join(tmpdir(), 'collab-redteam-'));
  const rows: Row[] = [];
  const baselines: Bench['baselines'] = new Map();
  try {
    for (const cheat of cheats) {
      const began = context.io.now();
      context.progress({ id: cheat.name, state: 'start', text: cheat.name });
      const kept = join(challenge.dir, 'runs', `${REDTEAM}${cheat.name}-${stampOf(context.io)}`);
      const row = await attack({ io: context.io, challenge, work, kept, baselines }, cheat);
      rows.push({ ...row, dir: kept });
      const state = lets(row) ? 'failed' : 'done';
      context.progress({
        id: cheat.name,
        state,
        text: `${cheat.name}: ${row.state}`,
        ms: context.io.now() - began,
      });
    }
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  const outcome = await withCalibration(asked, verdict(context, challenge, rows));
  // A part of the cheats proves nothing about the rest.
  if (context.options.only === undefined) await keep(context.io, challenge.dir, rows);
  return outcome;
}

/** What the board needs beyond the harness to pool the draws of one author, said where the cheat is. */
async function withCalibration(challenge: Challenge, outcome: Outcome): Promise<Outcome> {
  if (await usableCalibration(challenge)) return outcome;
  const { hub, hardware } = challenge.config;
  const text = `No calibration of ${hardware.flavor} on ${hub.endpoint} yet: until then the board pools equal contents alone, and a changed byte is another draw. A score without noise needs none.`;
  const calibrate = { command: 'create-collab eval calibrate', why: 'measures the noise that pooling needs' };
  return {
    ...outcome,
    text: `${outcome.text}\n${text}`,
    next: [...(outcome.next ?? []), calibrate],
  };
}

async function keep(io: Io, dir: string, rows: CheatRow[]): Promise<void> {
  const bad = rows.filter(lets).map((row) => `${row.cheat}: ${row.state}`);
  const at = new Date(io.now()).toISOString();
  const open = rows.filter((row) => row.state === 'untestable here').map((row) => row.cheat);
  await remember(dir, 'redteam', bad.length === 0 ? 'ok' : 'error', at, bad.join('; '), open);
}

const lets = (row: CheatRow) => row.state !== 'caught' && row.state !== 'untestable here';

/** Those that are asked for alone are read: another one's cheat.json is nobody's business then. */
async function chosen({ options }: CommandContext, { dir }: Challenge): Promise<ShippedCheat[]> {
  const folders = await cheatFolders(dir);
  const names = folders.map((folder) => basename(folder));
  const wanted = typeof options.only === 'string' ? options.only.split(',') : names;
  const strange = wanted.find((name) => !names.includes(name));
  if (strange === undefined && wanted.length > 0)
    return shippedCheats(folders.filter((folder) => wanted.includes(basename(folder))));
  const which = strange === undefined ? 'no cheat' : `no cheat "${strange}"`;
  throw new CollabError('NO_CHEATS', `There is ${which} in submissions/cheats.`, {
    next: [{ command: 'ls submissions/cheats', why: 'lists the shipped cheats' }],
  });
}

function verdict({ io, options, verbose }: CommandContext, { config }: Challenge, rows: Row[]): Outcome {
  const bad = rows.filter(lets);
  const untestable = rows.filter((row) => row.state === 'untestable here').length;
  const cells = rows.map((row) => [
    row.cheat,
    row.state,
    row.by.join(', ') || '-',
    row.wins_without === null ? '-' : row.wins_without ? 'comes through' : 'fails as well',
    row.detail,
  ]);
  const caught = rows.filter((row) => row.state === 'caught').length;
  const shown = verbose || options.only !== undefined ? rows : bad;
  const text = [
    table(['cheat', 'state', 'stopped by', 'with that switched off', ''], cells, io.stdout.columns),
    '',
    ...shown.flatMap((row) => [...evidence(row, config.metric.unit, io.cwd), '']),
    `${caught} of ${rows.length} caught, ${bad.length} not, ${untestable} untestable here.`,
  ].join('\n');
  const data = { cheats: rows };
  return bad[0]
    ? { status: 'error', text, data, next: nextOf(bad[0], io.cwd) }
    : { status: 'ok', text, data };
}

const evidence = (row: Row, unit: string, cwd: string): string[] => [
  `${row.cheat}: ${row.state}${row.detail ? `: ${row.detail}` : ''}`,
  ...row.runs.map((run) => evidenceLine(run, unit, cwd)),
];

const nextOf = ({ cheat, dir }: Row, cwd: string) => [
  { command: `ls ${shellWord(relative(cwd, dir))}/*`, why: `the runs of ${cheat}, with summaries and logs` },
  { command: `create-collab eval redteam --only ${cheat}`, why: 'runs that one alone' },
];
