/** What `check` looks at besides challenge.yaml: texts, harness, the Space's build, and the token at hand. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createHubClient } from '@collab/hub';
import { secretIn } from '../config/checks.ts';
import type { ChallengeConfig } from '../config/types.ts';
import { cheatFolders, readCheat } from '../eval/samples.ts';
import type { Io } from '../io.ts';
import { EXAM_ENTRYPOINT } from '../plan/places.ts';
import { readmeComposer, readTasks } from './bucket-readme.ts';
import { readChallengeFiles } from './directory.ts';
import { spaceProblems } from './inputs.ts';
import { leftovers, profileComplaints } from './leftovers.ts';
import { staleTexts } from './stale-texts.ts';

/** What `check` says against a place in the directory; an error keeps it from passing. */
export interface Complaint {
  level: 'error' | 'warning';
  /** `task/task.md:3:7`. */
  at: string;
  problem: string;
  hint?: string;
}

/** The one text that every participant reads. */
const README_LIMIT = 12 * 1024;

/** @param dir absolute. */
export async function inspect(io: Io, dir: string, config: ChallengeConfig): Promise<Complaint[]> {
  const tasks = await readTasks(dir);
  const groups = await Promise.all([
    taskComplaints(tasks),
    exampleComplaints(tasks, config),
    readmeComplaints(io, dir, config),
    harnessComplaints(dir, config),
    leftovers(dir, config, io.packageRoot),
    profileComplaints(dir, config),
    cheatComplaints(dir),
    spaceComplaints(io, dir, config),
    tokenComplaints(io, config),
    textComplaints(io, dir, config),
  ]);
  return groups.flat();
}

const SHOWN_LINES = 12;

/** README and SETUP that were edited are the organizer's: what they should say is shown, and nothing is written. */
async function textComplaints(io: Io, dir: string, config: ChallengeConfig): Promise<Complaint[]> {
  const stale = await staleTexts(dir, config, io.packageRoot);
  return stale.map(({ file, lines }) => ({
    level: 'warning',
    at: file,
    problem: `was written for other settings, and edited since. By these it says:${shown(lines)}`,
  }));
}

function shown(lines: string[]): string {
  const more = lines.length > SHOWN_LINES ? [`… ${lines.length - SHOWN_LINES} more lines`] : [];
  return [...lines.slice(0, SHOWN_LINES).map((line) => `+ ${line}`), ...more]
    .map((line) => `\n      ${line}`)
    .join('');
}

const PLACEHOLDER = /\b(?:TODO|TBD|FIXME|XXX)\b|\{\{|<(?:your|insert|fill|todo)\b[^>]*>|\blorem ipsum\b/gi;

function taskComplaints(tasks: Map<string, string>): Complaint[] {
  if (tasks.size === 0)
    return [
      {
        level: 'error',
        at: 'task/',
        problem: 'has no text',
        hint: 'participants need at least task/task.md',
      },
    ];
  return [...tasks].flatMap(([name, text]) =>
    text.split('\n').flatMap((line, i) => [
      ...[...line.matchAll(PLACEHOLDER)].map(
        (found): Complaint => ({
          level: 'error',
          at: `task/${name}:${i + 1}:${found.index + 1}`,
          problem: `placeholder "${found[0]}" is still there`,
        }),
      ),
      ...secretComplaint(`task/${name}:${i + 1}:1`, line),
    ]),
  );
}

/** A template's example of a task under a goal of one's own. */
const EXAMPLE = 'This is a working example';

function exampleComplaints(tasks: Map<string, string>, { challenge }: ChallengeConfig): Complaint[] {
  if (challenge.objective.includes(EXAMPLE)) return [];
  return [...tasks].flatMap(([name, text]) => {
    const line = text.split('\n').findIndex((one) => one.includes(EXAMPLE)) + 1;
    if (line === 0) return [];
    const problem = 'is still the example of the template, and the goal in challenge.yaml is another one';
    return [{ level: 'warning' as const, at: `task/${name}:${line}:1`, problem }];
  });
}

function secretComplaint(at: string, line: string): Complaint[] {
  const secret = secretIn(line);
  return secret ? [{ level: 'error', at, problem: `looks like ${secret}; this text is public` }] : [];
}

async function readmeComplaints(io: Io, dir: string, config: ChallengeConfig): Promise<Complaint[]> {
  const at = 'bucket/README.md';
  const text = await readIfThere(join(dir, at));
  if (text === null)
    return [{ level: 'error', at, problem: 'is missing: it is the entry point of every participant' }];
  const composed = (await readmeComposer(dir, config, io.packageRoot))(text);
  const size = Buffer.byteLength(composed);
  const complaints = composed.split('\n').flatMap((line, i) => secretComplaint(`${at}:${i + 1}:1`, line));
  if (!/<!-- collab:begin task -->/.test(text))
    complaints.push({
      level: 'warning',
      at,
      problem: 'has no task section: the texts of task/ are not shown',
    });
  if (size > README_LIMIT)
    complaints.push({
      level: 'error',
      at,
      problem: `is ${size} bytes with the texts of task/, over the limit of ${README_LIMIT}`,
      hint: 'say it shorter, or link a file in bucket/shared_resources/',
    });
  return complaints;
}

/** A cheat that says nothing of what catches it: the red team would stop at it. */
async function cheatComplaints(dir: string): Promise<Complaint[]> {
  const found = (await cheatFolders(dir)).map(async (folder): Promise<Complaint | null> => {
    const [at = '', ...rest] = await readCheat(folder).then(
      () => [],
      (error: Error) => error.message.split(': '),
    );
    return at ? { level: 'error', at, problem: rest.join(': '), hint: 'harness/README.md, Cheats' } : null;
  });
  return (await Promise.all(found)).filter((complaint) => complaint !== null);
}

async function harnessComplaints(dir: string, config: ChallengeConfig): Promise<Complaint[]> {
  const { entrypoint, jobs_enabled } = config.hardware;
  const entry = await readIfThere(join(dir, 'harness', entrypoint));
  if (entry === null)
    return [
      {
        level: jobs_enabled || config.verification.mode === 'jobs' ? 'error' : 'warning',
        at: `harness/${entrypoint}`,
        problem: 'is missing: jobs and verification run it',
        hint: 'hardware.entrypoint names it',
      },
    ];
  const source = await sourceText(join(dir, 'harness'));
  const named = (name: string) => new RegExp(`\\b${name}\\b`).test(source);
  const unknown = (name: string) =>
    !named(name) && !(name === config.metric.field && named('rules\\["metric'));
  const wanted: [string, string][] = [
    ['metric.field', config.metric.field],
    ...config.gates.map(({ id, field }): [string, string] => [`gates.${id}.field`, field]),
  ];
  const unmeasured = wanted
    .filter(([, name]) => unknown(name))
    .map(([at, name]) => ({
      level: 'warning' as const,
      at,
      problem: `nothing in harness/ measures "${name}"; a result without it is never valid`,
    }));
  return [...unmeasured, ...columnComplaints(config, unknown), ...(await examComplaints(dir, config))];
}

/** A second column that nothing fills. */
function columnComplaints({ metric }: ChallengeConfig, unknown: (name: string) => boolean): Complaint[] {
  const { required_fields: required, secondary_field: second } = metric;
  if (!second || required.includes(second) || !unknown(second)) return [];
  return [
    {
      level: 'warning',
      at: 'metric.secondary_field',
      problem: `nothing in harness/ measures "${second}", and no result has to name it: an empty column`,
    },
  ];
}

/** Gates of results near the top are measured by a program of their own. */
async function examComplaints(dir: string, { gates }: ChallengeConfig): Promise<Complaint[]> {
  const due = gates.filter(({ when }) => when !== 'every').map(({ id }) => id);
  if (due.length === 0 || (await readIfThere(join(dir, 'harness', EXAM_ENTRYPOINT))) !== null) return [];
  return [
    {
      level: 'error',
      at: `harness/${EXAM_ENTRYPOINT}`,
      problem: `is missing: it measures the gates of results near the top (${due.join(', ')})`,
      hint: 'or let these gates hold for every result (when: every)',
    },
  ];
}

/** All Python and JSON of the harness in one text; gates.json names what is wanted, not what is measured. */
async function sourceText(dir: string): Promise<string> {
  const entries = await readdir(dir, { withFileTypes: true, recursive: true });
  const wanted = entries.filter((entry) => entry.isFile() && /(?<!^gates)\.(?:py|json)$/.test(entry.name));
  const texts = await Promise.all(
    wanted.map((entry) => readFile(join(entry.parentPath, entry.name), 'utf8')),
  );
  return texts.join('\n');
}

async function spaceComplaints(io: Io, dir: string, config: ChallengeConfig): Promise<Complaint[]> {
  const { space } = await readChallengeFiles(dir, config, io.packageRoot);
  return spaceProblems(dir, space).map(({ problem, command, why }) => ({
    level: 'error',
    at: 'space/',
    problem,
    hint: `${command}: ${why}`,
  }));
}

/** Only with a token at hand and a Hub that is not on this machine; `doctor` looks closer. */
async function tokenComplaints(io: Io, config: ChallengeConfig): Promise<Complaint[]> {
  const token = io.env.HF_TOKEN?.trim();
  if (config.hub.endpoint === 'local' || !token) return [];
  const hub = createHubClient({ endpoint: config.hub.endpoint, token, fetch: io.fetch });
  const identity = await hub.whoami().catch((error: Error) => error);
  if (identity instanceof Error)
    return [{ level: 'warning', at: 'HF_TOKEN', problem: `could not be checked: ${identity.message}` }];
  const found: Complaint[] = [];
  if (identity.tokenRole !== 'fineGrained')
    found.push({
      level: 'warning',
      at: 'HF_TOKEN',
      problem: `is a "${identity.tokenRole}" token: it may do more than this needs`,
      hint: 'apply wants a fine-grained one',
    });
  if (!identity.orgs.some((org) => org.name.toLowerCase() === config.hub.org.toLowerCase()))
    found.push({
      level: 'error',
      at: 'hub.org',
      problem: `${identity.name} is no member of ${config.hub.org}`,
    });
  return found;
}

async function readIfThere(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}
