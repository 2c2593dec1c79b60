import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandContext, Outcome } from '../command.ts';
import { folderSha256 } from '../content-hash.ts';
import { CollabError } from '../errors.ts';
import type { Io } from '../io.ts';
import { withAccomplice } from './accomplice.ts';
import { draw, standing } from './best-of-n.ts';
import { usableCalibration } from './calibrate.ts';
import { type Challenge, privateDirOf, type Ran, runHarness } from './harness.ts';
import { provingGround } from './proving-ground.ts';
import { remember } from './record.ts';
import { type ShippedCheat, shippedCheats } from './samples.ts';
import { digits, table } from './table.ts';

/** A gain is three times the baseline of the same job: far above the noise of a loaded machine. */
const GAIN = 3;

export type CheatState = 'caught' | 'won' | 'caught by luck' | 'untestable here';

export interface CheatRow {
  cheat: string;
  state: CheatState;
  /** The gate, layer or behaviour that stopped it. */
  by: string[];
  /** Did it come through with exactly those switched off? `null`: not tried. */
  wins_without: boolean | null;
  detail: string;
}

interface Bench {
  io: Io;
  challenge: Challenge;
  work: string;
}

/** `eval redteam`: every shipped cheat ends caught by what is named, and comes through when that is switched off. */
export async function redteam(context: CommandContext, asked: Challenge): Promise<Outcome> {
  const cheats = await chosen(context, asked);
  const challenge = await provingGround(context, asked);
  const work = await mkdtemp(join(tmpdir(), 'collab-redteam-'));
  const rows: CheatRow[] = [];
  try {
    for (const cheat of cheats) {
      const began = context.io.now();
      context.progress({ id: cheat.name, state: 'start', text: cheat.name });
      const row = await attack({ io: context.io, challenge, work }, cheat);
      rows.push(row);
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
  const outcome = await withCalibration(asked, verdict(rows, context.io.stdout.columns));
  // A part of the cheats proves nothing about the rest.
  if (context.options.only === undefined) await keep(context.io, challenge.dir, rows);
  return outcome;
}

/** What the board needs beyond the harness to pool the draws of one author, said where the cheat is. */
async function withCalibration(challenge: Challenge, outcome: Outcome): Promise<Outcome> {
  if (await usableCalibration(challenge)) return outcome;
  const { hub, hardware } = challenge.config;
  const text = `No calibration of ${hardware.flavor} on ${hub.endpoint} yet: until then the board pools equal contents alone, and a changed byte is another draw.`;
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

const lets = (row: CheatRow) => row.state === 'won' || row.state === 'caught by luck';

async function chosen({ options }: CommandContext, { dir }: Challenge): Promise<ShippedCheat[]> {
  const all = await shippedCheats(dir);
  const wanted = options.only;
  const cheats =
    typeof wanted === 'string' ? all.filter((cheat) => wanted.split(',').includes(cheat.name)) : all;
  if (cheats.length > 0) return cheats;
  throw new CollabError('NO_CHEATS', 'There is no such cheat in submissions/cheats.', {
    next: [{ command: 'ls submissions/cheats', why: 'lists the shipped cheats' }],
  });
}

/** Posted again and again: the board's own pooling has to see to it. */
async function reposted({ io, challenge, work }: Bench, cheat: ShippedCheat): Promise<CheatRow> {
  const profile = quick(challenge);
  const draws = await draw({ io, challenge, work, ...(profile ? { profile } : {}) }, cheat);
  const { order } = challenge.config.metric;
  const [as, without] = [standing(draws, order, true), standing(draws, order, false)];
  const through = without.board === without.luckiest;
  const state = as.board === as.luckiest ? 'won' : through ? 'caught' : 'caught by luck';
  const sign = order === 'desc' ? 1 : -1;
  const gain = (score: number) => `${digits(100 * sign * (score / mean(as.draws) - 1))} %`;
  const detail = `gains ${gain(as.board)} over the mean of its draws; alone ${gain(without.board)}`;
  const by = state === 'won' ? [] : cheat.caught_by;
  return { cheat: cheat.name, state, by, wins_without: through, detail };
}

/** It has to come through the run that everybody gets, and then fail the exam of those near the top. */
async function examined({ io, challenge, work }: Bench, cheat: ShippedCheat): Promise<CheatRow> {
  const profile = quick(challenge);
  const asked = { submission: cheat.folder, private: true, ...(profile ? { profile } : {}) };
  const run = await runHarness(io, challenge, { ...asked, state: join(work, `${cheat.name}-run`) });
  const exam = await runHarness(io, challenge, {
    ...asked,
    state: join(work, `${cheat.name}-exam`),
    exam: true,
  });
  const by = cheat.caught_by.filter((gate) => exam.failed.includes(gate));
  const state = by.length === 0 ? 'won' : run.valid ? 'caught' : 'caught by luck';
  const detail = run.valid ? (exam.error ?? '') : `the run caught it as well: ${why(run)}`;
  return { cheat: cheat.name, state, by, wins_without: run.valid, detail };
}

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

async function attack(bench: Bench, cheat: ShippedCheat): Promise<CheatRow> {
  if (cheat.how === 'pooling') return reposted(bench, cheat);
  if (cheat.how === 'downstream') return examined(bench, cheat);
  const ran = await runCheat(bench, cheat, []);
  const row = { cheat: cheat.name, by: [] as string[], wins_without: null, detail: ran.error ?? '' };
  const by = await stoppedBy(cheat, ran);
  if (by.length === 0 && cheat.how === 'layer')
    return { ...row, state: 'untestable here', detail: missing(cheat, ran) };
  if (by.length === 0)
    return { ...row, state: 'won', detail: row.detail || 'nothing that is named stopped it' };
  if (wins(cheat, ran) && cheat.how !== 'identity') return { ...row, state: 'won', by };
  const mutated = await runCheat(bench, cheat, cheat.mutation);
  const through = wins(cheat, mutated);
  const detail = through ? row.detail : `it fails without them as well: ${why(mutated)}`;
  return { ...row, state: through ? 'caught' : 'caught by luck', by, wins_without: through, detail };
}

async function runCheat(bench: Bench, cheat: ShippedCheat, off: string[]): Promise<Ran> {
  const { io, work } = bench;
  const challenge = cheat.how === 'layer' ? await expendable(bench, cheat) : bench.challenge;
  const publicPrompts = off.includes('private_prompts');
  const mutate = off.filter((name) => name !== 'private_prompts' && name !== 'content_sha256');
  const state = join(work, `${cheat.name}-${off.length > 0 ? 'mutated' : 'as-is'}`);
  const use = (submission: string) =>
    runHarness(io, challenge, {
      submission,
      state,
      private: !publicPrompts,
      mutate,
      profile: quick(challenge),
    });
  if (!cheat.accomplice) return use(join(cheat.folder, cheat.submission ?? ''));
  const model = join(challenge.dir, 'harness', 'model');
  return withAccomplice(cheat, model, io.env.PATH ?? '', use);
}

/** A copy of the harness: where the layers are switched off, nothing keeps the cheat from changing it. */
async function expendable({ challenge, work }: Bench, { name }: ShippedCheat): Promise<Challenge> {
  const dir = await mkdtemp(join(work, `${name}-`));
  await cp(join(challenge.dir, 'harness'), join(dir, 'harness'), { recursive: true });
  return { ...challenge, dir, privateDir: privateDirOf(challenge) };
}

/** The red team asks whether, not how well: the smallest profile does. */
const quick = ({ config }: Challenge) => (config.profile === 'rehearsal' ? 'quick' : undefined);

/** Which of the named defences stopped it, as far as the run tells. */
async function stoppedBy(cheat: ShippedCheat, ran: Ran): Promise<string[]> {
  const named = (list: string[]) => cheat.caught_by.filter((name) => list.includes(name));
  if (cheat.how === 'gate' || cheat.how === 'private')
    return cheat.how === 'gate' ? named(ran.failed) : ran.state === 'measured' ? cheat.caught_by : [];
  if (cheat.how === 'layer') return named(ran.summary?.provenance.isolation?.layers ?? []);
  if (cheat.how === 'fault') return cheat.caught_by.filter((name) => ran.error?.includes(name));
  if (cheat.how === 'identity') {
    const posted = await folderSha256(join(cheat.folder, cheat.posted ?? ''));
    return posted === ran.summary?.provenance.submission_sha256 ? [] : cheat.caught_by;
  }
  return ran.state === 'measured' ? cheat.caught_by : [];
}

function wins({ wins_if }: ShippedCheat, ran: Ran): boolean {
  if (wins_if === 'harness_dies') return ran.state === 'harness-fault';
  if (wins_if === 'stdout') return ran.finished.output.includes('999999.9');
  return ran.valid && (wins_if === 'valid' || timesBaseline(ran) >= GAIN);
}

function timesBaseline(ran: Ran): number {
  const control = ran.summary?.shown.control as { times_baseline?: number } | undefined;
  return control?.times_baseline ?? Number.POSITIVE_INFINITY;
}

const missing = (cheat: ShippedCheat, ran: Ran) =>
  ran.summary?.provenance.isolation
    ? `none of ${cheat.caught_by.join(', ')} holds on this machine`
    : (ran.error ?? 'the run recorded no layers');

const why = (ran: Ran) => ran.error ?? (ran.failed.join(', ') || 'it gained nothing');

function verdict(rows: CheatRow[], columns?: number): Outcome {
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
  const text = [
    table(['cheat', 'state', 'stopped by', 'with that switched off', ''], cells, columns),
    '',
    `${caught} of ${rows.length} caught, ${bad.length} not, ${untestable} untestable here.`,
  ].join('\n');
  const data = { cheats: rows };
  if (bad.length === 0) return { status: 'ok', text, data };
  return {
    status: 'error',
    text,
    data,
    next: [{ command: `create-collab eval redteam --only ${bad[0]?.cheat}`, why: 'runs that one alone' }],
  };
}
