import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { CollabError } from '../errors.ts';

/** How many times better than the baseline a `gain` is at least: far above the noise of a loaded machine. */
export const GAIN = 3;

/** The score that a cheat prints which is after the output of the harness. */
export const FORGED = '999999.9';

/** What has to stop a cheat, and what `caught_by` names then. */
export const HOW = {
  gate: 'A gate fails. `caught_by`: gates.',
  layer:
    'A layer of isolation keeps it out. `caught_by`: layers; on a machine without any of them it is *untestable here*.',
  fault: 'The harness refuses it: exit code 3. `caught_by`: words of its `error`.',
  behaviour:
    'The run is measured, and what the cheat did changed nothing. `caught_by`: a name of yours that `mutate.py` knows.',
  private:
    'The private questions: what it prepared does not help there. `caught_by` and `mutation`: `private_prompts`.',
  identity:
    'What ran is not what was posted (`posted`, `submission`: sub-folders). `caught_by` and `mutation`: `content_sha256`.',
  pooling:
    'The board counts the draws of one author as one (`draws`: how many). Needs `serve.py` and a score with noise.',
  downstream:
    'It passes the run, and the exam of those near the top (`downstream.py`) fails it. `caught_by`: gates of the exam.',
} as const;

/** What a cheat is after: when it counts as won. */
export const WINS_IF = {
  valid: 'Every gate of the headline division holds.',
  gain: `Valid, and at least \`gain\` times better than the baseline (default ${GAIN}). Compared with \`shown.control.times_baseline\` of the run, where the harness measures that; else with a run of \`submissions/baseline\` on the same questions.`,
  stdout: `The harness prints \`${FORGED}\`, which the cheat printed.`,
  harness_dies: 'The harness ends with another exit code than 0 and 3.',
  best_draw: 'The best of its draws stands on the board (`how: pooling`).',
} as const;

const names = <T extends object>(table: T) =>
  Object.keys(table) as [keyof T & string, ...(keyof T & string)[]];

/** cheat.json beside a shipped cheat: what catches it, and how to see that this is so. */
const Cheat = z.strictObject({
  /** Gates, layers or behaviours of the harness; one of them must be what stops it. */
  caught_by: z.array(z.string()).min(1),
  how: z.enum(names(HOW)),
  wins_if: z.enum(names(WINS_IF)),
  /** With `gain`: how many times better than the baseline is a win. */
  gain: z.number().gt(1).optional(),
  /** What has to be switched off, all together, to let it through. */
  mutation: z.array(z.string()).min(1),
  /** How often it is posted, a byte changed each time. */
  draws: z.number().int().min(2).optional(),
  /** A program that runs outside, and is what the submission phones. */
  accomplice: z.string().optional(),
  /** Sub-folders of what was posted and of what is run, where they differ. */
  posted: z.string().optional(),
  submission: z.string().optional(),
});
type Cheat = z.infer<typeof Cheat>;

export interface ShippedCheat extends Cheat {
  name: string;
  folder: string;
}

/** The cheats in these folders. @throws CollabError CHEAT_UNREADABLE */
export const shippedCheats = (folders: string[]): Promise<ShippedCheat[]> =>
  Promise.all(folders.map(readCheat));

/** Folders of submissions/cheats, absolute, by name. */
export async function cheatFolders(dir: string): Promise<string[]> {
  const root = join(dir, 'submissions', 'cheats');
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  const folders = entries.filter((entry) => entry.isDirectory());
  return folders.map(({ name }) => join(root, name)).sort();
}

/** @throws CollabError CHEAT_UNREADABLE: nothing says what is to catch it. */
export async function readCheat(folder: string): Promise<ShippedCheat> {
  const problem = (text: string) => unreadable(basename(folder), text);
  const text = await readFile(join(folder, 'cheat.json'), 'utf8').catch(() => {
    throw problem('is missing');
  });
  const found = Cheat.safeParse(parsed(text, problem));
  if (found.success) return { name: basename(folder), folder, ...found.data };
  throw problem(found.error.issues.map(said).join('; '));
}

function parsed(text: string, problem: (text: string) => CollabError): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw problem(`is no JSON: ${(error as Error).message}`);
  }
}

/** One finding of the schema in one clause: `how: Invalid option: expected one of "gate"|…`. */
const said = ({ path, message }: z.core.$ZodIssue) =>
  path.length > 0 ? `${path.join('.')}: ${message}` : message;

const unreadable = (name: string, problem: string) =>
  new CollabError('CHEAT_UNREADABLE', `submissions/cheats/${name}/cheat.json: ${problem}`, {
    next: [{ command: 'cat harness/README.md', why: 'what a cheat.json says' }],
  });
