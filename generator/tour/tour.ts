import { mkdir } from 'node:fs/promises';
import { join as path } from 'node:path';
import type { ProgressEvent } from '../command.ts';
import { CollabError } from '../errors.ts';
import type { Io } from '../io.ts';
import { writeWhole } from '../whole-file.ts';
import { openAgent, type TourAgent } from './agent.ts';
import { CAST, type Role } from './cast.ts';
import { answer, contribute, introduce, join } from './script.ts';
import { waitForVerdicts } from './verdicts.ts';

export interface TourPlace {
  io: Io;
  /** The challenge directory, absolute. */
  dir: string;
  apiUrl: string;
  hubUrl: string;
  /** User name → token, of the embedded hub. */
  tokens: Record<string, string>;
  say(event: ProgressEvent): void;
}

export interface TourOutcome {
  /** True when every agent had joined before. */
  resumed: boolean;
  /** File name of each agent's result, in the order of the cast. */
  results: string[];
  /** Milliseconds from the first run to the last verdict. */
  jobsMs: number;
}

type Player = { role: Role; agent: TourAgent };

/**
 * Three agents take part, through public addresses alone; ends when the verifier has judged all of it. When one of them
 * fails the others are stopped before the failure goes on.
 */
export async function takeTour(given: TourPlace): Promise<TourOutcome> {
  const failure = new AbortController();
  const signal = AbortSignal.any([given.io.signal, failure.signal]);
  const place = { ...given, io: { ...given.io, signal } };
  const players = await openPlayers(place);
  const all: All = async (work) => {
    const running = players.map(work);
    await Promise.all(running).catch(() => failure.abort());
    const settled = await Promise.allSettled(running);
    const first =
      settled.find((s) => s.status === 'rejected' && !isAbort(s.reason)) ??
      settled.find((s) => s.status === 'rejected');
    if (first?.status === 'rejected') throw first.reason;
    return settled.flatMap((s) => (s.status === 'fulfilled' ? [s.value] : []));
  };
  return play(place, all);
}

const isAbort = (error: unknown) => error instanceof Error && error.name === 'AbortError';

type All = <T>(work: (player: Player, i: number) => Promise<T>) => Promise<T[]>;

/** One after the other: a conversation. */
function inOrder<T>(all: All, work: (player: Player, i: number) => Promise<T>): Promise<T[]> {
  let before: Promise<unknown> = Promise.resolve();
  return all((player, i) => {
    const mine = before.then(() => work(player, i));
    before = mine;
    return mine;
  });
}

async function play({ io, say, apiUrl, dir }: TourPlace, all: All): Promise<TourOutcome> {
  const known = await all(({ agent, role }) => join(agent, role, say));
  const intros = await inOrder(all, ({ agent, role }) => introduce(agent, role, say));
  await inOrder(all, ({ agent, role }, i) => answer(agent, role, intros.at(i - 1) ?? '', say));
  const began = io.now();
  // The baseline goes first, so that there is a number to beat; the hub runs one job at a time anyway.
  let baseline: Promise<unknown> = Promise.resolve();
  const results = await all(({ agent, role }, i) => {
    const folder = path(dir, 'submissions', role.submission);
    const mine = baseline.then(() => contribute(agent, role, folder, say));
    if (i === 0) baseline = mine;
    return mine;
  });
  say({
    id: 'verdicts',
    state: 'start',
    text: 'The verifier runs every submission again, on private prompts',
  });
  await waitForVerdicts({
    io,
    apiUrl,
    filenames: results,
    patienceMs: 120_000,
    onVerdict: ({ filename, verification }) =>
      say({ id: `verdict:${filename}`, state: 'done', text: `${filename}: ${verification}` }),
  });
  return { resumed: known.every(Boolean), results, jobsMs: io.now() - began };
}

async function openPlayers(place: TourPlace): Promise<Player[]> {
  const home = path(place.dir, '.collab', 'tour');
  const client = await fetchClient(place, home);
  return Promise.all(
    CAST.map(async (role) => {
      const token = place.tokens[role.user];
      if (!token) throw new CollabError('TOKEN_MISSING', `The embedded hub has no user ${role.user}.`);
      const { io, apiUrl, hubUrl } = place;
      const at = { io, client, apiUrl, hubUrl, token, home: path(home, role.agentId) };
      return { role, agent: await openAgent(at, role.agentId) };
    }),
  );
}

/** The client every participant uses: downloaded from the Space, as its README says. */
async function fetchClient({ io, apiUrl }: TourPlace, home: string): Promise<string> {
  const response = await io.fetch(`${apiUrl}/client/collab.mjs`, { signal: AbortSignal.timeout(30_000) });
  if (!response.ok)
    throw new CollabError(
      'CLIENT_MISSING',
      `The Space does not serve /client/collab.mjs (${response.status}).`,
    );
  await mkdir(home, { recursive: true, mode: 0o700 });
  const file = path(home, 'collab.mjs');
  await writeWhole(file, new Uint8Array(await response.arrayBuffer()));
  return file;
}
