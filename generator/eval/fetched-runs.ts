import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { ChallengeConfig } from '../config/types.ts';
import { folderSha256 } from '../content-hash.ts';
import { CollabError, type NextStep } from '../errors.ts';
import { REDTEAM } from './run-folder.ts';
import { Summary } from './summary.ts';

export interface Fetched {
  /** Absolute. */
  file: string;
  summary: Summary;
}

/** Fetches the runs of an agent's jobs; AGENT stands for its handle. */
export const fetchRuns = ({ hub, challenge }: ChallengeConfig): NextStep => ({
  command: `hf buckets sync hf://buckets/${hub.org}/${challenge.slug}-AGENT/runs ./got`,
  why: 'fetches the run folders of the agent AGENT; then: create-collab eval calibrate . --from got',
});

/**
 * Measured runs of one submission below a folder, by path: of `submission` (a folder), or of the only one there is, or of
 * the baseline. Runs that failed, and those of the red team, are left out.
 * @throws CollabError TOO_FEW_RUNS, NO_PASSES
 */
export async function fetchedRuns(
  from: string,
  { dir, config }: { dir: string; config: ChallengeConfig },
  submission?: string,
): Promise<string[]> {
  const found = await measuredBelow(from);
  const groups = bySubmission(found);
  const wanted = await folderSha256(submission ?? join(dir, 'submissions', 'baseline'));
  const [only] = submission === undefined && groups.size === 1 ? groups.values() : [];
  const runs = only ?? groups.get(wanted) ?? [];
  if (runs.length < 2) throw tooFew(from, groups, wanted, config);
  const blank = runs.find(({ summary }) => !Array.isArray(summary.shown.passes));
  if (blank) throw noPasses(relative(from, blank.file));
  return runs.map(({ file }) => file);
}

function bySubmission(found: Fetched[]): Map<string, Fetched[]> {
  const groups = new Map<string, Fetched[]>();
  for (const run of found) {
    const hash = run.summary.provenance.submission_sha256 ?? '';
    groups.set(hash, [...(groups.get(hash) ?? []), run]);
  }
  return groups;
}

async function measuredBelow(from: string): Promise<Fetched[]> {
  const entries = await readdir(from, { withFileTypes: true, recursive: true }).catch(() => []);
  const files = entries
    .filter((entry) => entry.isFile() && entry.name === 'summary.json')
    .filter(
      ({ parentPath }) =>
        !relative(from, parentPath)
          .split(sep)
          .some((name) => name.startsWith(REDTEAM)),
    );
  const read = files.map(async ({ parentPath, name }): Promise<Fetched[]> => {
    const file = join(parentPath, name);
    const { data } = Summary.safeParse(parsed(await readFile(file, 'utf8')));
    return data?.score ? [{ file, summary: data }] : [];
  });
  return (await Promise.all(read)).flat().sort((a, b) => (a.file < b.file ? -1 : 1));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function tooFew(from: string, groups: Map<string, Fetched[]>, wanted: string, config: ChallengeConfig) {
  const short = (hash: string) => hash.slice(0, 12);
  const there = [...groups].map(([hash, runs]) => {
    const first = relative(from, runs[0]?.file ?? '');
    return `${runs.length} of ${short(hash)}${hash === wanted ? ' (the one asked for)' : ''}: ${first}`;
  });
  const what = `At least 2 measured runs of one submission (${short(wanted)}) are needed below ${from}.`;
  const others = there.length > 0 ? ` There are ${there.join('; ')}.` : ' There is none.';
  return new CollabError('TOO_FEW_RUNS', what + others, {
    next: [
      fetchRuns(config),
      {
        command: 'create-collab eval calibrate . --from got --submission submissions/baseline',
        why: 'says which submission the runs are to be of',
      },
    ],
  });
}

const noPasses = (file: string) =>
  new CollabError(
    'NO_PASSES',
    `${file} has no shown.passes; a score without noise needs no calibration, only metric.repeats: 0.`,
  );
