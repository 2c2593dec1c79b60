import { lstat, readdir, readFile, realpath } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { contentSha256, sha256 } from '@collab/contract/content-hash.ts';
import { pathProblem } from '@collab/contract/paths.ts';
import { ClientError } from './errors.ts';

export interface Submission {
  /** Folder name, made fit for a path. */
  name: string;
  /** Identity of its contents. */
  sha256: string;
  files: { path: string; content: Uint8Array }[];
  bytes: number;
}

const MAX_FILES = 10_000;
/** The files are held in memory while they are uploaded. */
const MAX_BYTES = 1024 ** 3;
const SKIPPED = new Set(['node_modules', '__pycache__', '.git', '.venv', '.DS_Store']);

/**
 * A submission folder, read whole. Dot-files and caches stay behind; a link may not lead out of the folder.
 * @throws ClientError SUBMISSION_MISSING, SUBMISSION_EMPTY, SUBMISSION_TOO_LARGE, SUBMISSION_BAD_FILE
 */
export async function readSubmission(cwd: string, folder: string): Promise<Submission> {
  const root = resolve(cwd, folder);
  const info = await lstat(root).catch(() => null);
  if (!info?.isDirectory())
    throw new ClientError('SUBMISSION_MISSING', `There is no folder ${folder}.`, {
      hint: 'a submission is a folder with the files the challenge asks for',
    });
  const paths = await walk(root);
  if (paths.length === 0) throw new ClientError('SUBMISSION_EMPTY', `${folder} holds no file to submit.`);
  const files: Submission['files'] = [];
  let bytes = 0;
  for (const path of paths) {
    const content = await readFile(join(root, path));
    bytes += content.byteLength;
    if (bytes > MAX_BYTES) throw tooLarge(`${folder} holds more than 1 GiB.`);
    files.push({ path, content });
  }
  const hashed = files.map(({ path, content }) => ({ path, sha256: sha256(content) }));
  return { name: slugOf(basename(root)), sha256: contentSha256(hashed), files, bytes };
}

const slugOf = (name: string) =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40) || 'submission';

const tooLarge = (message: string) =>
  new ClientError('SUBMISSION_TOO_LARGE', message, {
    next: [
      { command: 'hf buckets sync', why: 'uploads a big folder; then: run --submission-prefix <prefix>' },
    ],
  });

async function walk(root: string): Promise<string[]> {
  const inside = await realpath(root);
  const found: string[] = [];
  const visit = async (folder: string): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (entry.name.startsWith('.') || SKIPPED.has(entry.name)) continue;
      const full = join(folder, entry.name);
      if (entry.isSymbolicLink()) await checkLink(inside, full);
      else if (entry.isDirectory()) await visit(full);
      if (entry.isFile() || entry.isSymbolicLink()) found.push(relative(root, full).split(sep).join('/'));
      if (found.length > MAX_FILES) throw tooLarge(`More than ${MAX_FILES} files.`);
    }
  };
  await visit(root);
  for (const path of found) {
    const problem = pathProblem(path);
    if (problem) throw new ClientError('SUBMISSION_BAD_FILE', `${path}: ${problem}`);
  }
  return found;
}

/** A link is followed only to a file of the same folder: nothing else of this machine goes out by mistake. */
async function checkLink(root: string, link: string): Promise<void> {
  const target = await realpath(link).catch(() => null);
  const info = target ? await lstat(target) : null;
  if (target?.startsWith(root + sep) && info?.isFile()) return;
  throw new ClientError(
    'SUBMISSION_BAD_FILE',
    `${relative(root, link)} is a link that leads out of the folder.`,
  );
}
