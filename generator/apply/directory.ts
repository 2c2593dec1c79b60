import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChallengeConfig } from '../config/types.ts';
import { CollabError } from '../errors.ts';
import { sha256 } from '../plan/digest.ts';
import type { LocalFile } from '../plan/model.ts';
import { HARNESS_PREFIX, PRIVATE_PREFIX } from '../plan/places.ts';
import { DRAFT } from '../whole-file.ts';
import { withComposedReadme } from './bucket-readme.ts';

/** Samples that participants may read. The oracle and the cheats never leave the directory. */
const PUBLIC_SAMPLES = ['baseline', 'faster', 'noop'];
export const EVALUATOR_FOLDER = 'eval-space';
const IGNORED = /^(?:node_modules|__pycache__|\.DS_Store|.*\.pyc|\.git)$/;

export interface ChallengeFiles {
  central: LocalFile[];
  private: LocalFile[];
  space: LocalFile[];
  evaluator: LocalFile[];
}

/** Reads what a challenge directory deploys. Symbolic links are refused: they could carry anything out of it. */
export async function readChallengeFiles(
  dir: string,
  config: ChallengeConfig,
  packageRoot: string,
): Promise<ChallengeFiles> {
  const [bucket, harness, evaluation, space, evaluator, ...samples] = await Promise.all([
    readTree(dir, 'bucket', ''),
    readHarness(dir),
    readTree(dir, 'private', `${PRIVATE_PREFIX}/`),
    readTree(dir, 'space', ''),
    readTree(dir, EVALUATOR_FOLDER, ''),
    ...PUBLIC_SAMPLES.map((name) =>
      readTree(dir, `submissions/${name}`, `shared_resources/samples/${name}/`),
    ),
  ]);
  const seeds = await withComposedReadme(dir, bucket, config, packageRoot);
  return { central: [...seeds, ...harness, ...samples.flat()], private: evaluation, space, evaluator };
}

async function readHarness(dir: string): Promise<LocalFile[]> {
  const allowed = await uploadList(dir);
  const files = await readTree(dir, 'harness', '');
  return files
    .filter((file) => allowed.some((pattern) => pattern.test(file.path)))
    .map((file) => ({ ...file, path: `${HARNESS_PREFIX}/${file.path}` }));
}

/** `harness/upload.json`: what may be uploaded, as paths and globs. Without it, nothing is. */
async function uploadList(dir: string): Promise<RegExp[]> {
  const at = 'harness/upload.json';
  const text = await readFile(join(dir, at), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '[]';
    throw error;
  });
  const list: unknown = parseOrNull(text);
  if (Array.isArray(list) && list.every((item) => typeof item === 'string')) return list.map(globPattern);
  throw new CollabError('HARNESS_LIST_INVALID', `${at} must be a JSON list of paths and globs.`, {
    next: [{ command: `echo '["run.py", "data/public/**"]' > ${at}`, why: 'the form it has' }],
  });
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** `*` and `?` within a name, `**` across folders. */
function globPattern(glob: string): RegExp {
  const source = glob.replace(/\*\*\/|\*\*|[*?]|[.+^${}()|[\]\\]/g, (part) => {
    if (part === '**/') return '(?:.*/)?';
    if (part === '**') return '.*';
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    return `\\${part}`;
  });
  return new RegExp(`^${source}$`);
}

async function readTree(dir: string, folder: string, prefix: string): Promise<LocalFile[]> {
  const sources = await listTree(dir, folder);
  const files = await Promise.all(
    sources.map(async (source): Promise<LocalFile> => {
      const content = new Uint8Array(await readFile(join(dir, source)));
      const path = `${prefix}${source.slice(folder.length + 1)}`;
      return { path, source, content, sha256: sha256(content) };
    }),
  );
  return files;
}

async function listTree(dir: string, folder: string): Promise<string[]> {
  const entries = await readdir(join(dir, folder), { withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    },
  );
  const nested = await Promise.all(
    entries
      .filter(({ name }) => !IGNORED.test(name) && !DRAFT.test(name))
      .map(async (entry) => {
        const at = `${folder}/${entry.name}`;
        if (entry.isSymbolicLink())
          throw new CollabError('SYMLINK_REFUSED', `${at} is a symbolic link; put the file itself there.`);
        if (entry.isDirectory()) return listTree(dir, at);
        return entry.isFile() ? [at] : [];
      }),
  );
  return nested.flat().sort();
}
