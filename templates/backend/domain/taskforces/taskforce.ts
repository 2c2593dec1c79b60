import { taskforcePrefix, taskforceReadme } from '@collab/contract/paths.ts';
import type { Entry } from '../../store/types.ts';
import { groupBy } from '../collect.ts';

const STAMPED = /^\d{8}-\d{6}-\d{3}_/;

/** A taskforce exists when its README does. */
export interface Taskforce {
  name: string;
  creator: string;
  created: string;
  updated: string | null;
  readme: Entry;
  /** Creator first, the others sorted. */
  contributors: string[];
  /** README included. */
  fileCount: number;
  notes: Entry[];
  /** Stamp of the newest note. */
  lastActivity: string | null;
}

/** How the files of a taskforce are read. */
export interface Reading {
  isAgent(id: string): boolean;
  /** As the reference reads them: all Markdown is a note, and a path belongs to every agent whose marker is in it. */
  loose: boolean;
}

/** Files of `taskforces/` by taskforce; those without a README are left out. */
export function taskforcesOf(files: readonly Entry[], reading: Reading): Taskforce[] {
  const byName = groupBy(files, ({ path }) => path.split('/')[1] as string);
  const found = [...byName].flatMap(([name, entries]) => taskforceOf(name, entries, reading) ?? []);
  const activity = ({ lastActivity, created }: Taskforce) =>
    maxText(comparable(lastActivity ?? ''), comparable(created));
  return found.sort((a, b) =>
    activity(a) < activity(b) ? 1 : activity(a) > activity(b) ? -1 : a.name < b.name ? -1 : 1,
  );
}

/** @param entries files below `taskforces/{name}/`. */
export function taskforceOf(name: string, entries: readonly Entry[], reading: Reading): Taskforce | null {
  const readme = entries.find((entry) => entry.path === taskforceReadme(name));
  if (!readme) return null;
  const { creator, created, updated } = readme.frontmatter;
  const notes = entries
    .filter(({ path }) => isNote(name, path, reading))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const others = new Set<string>();
  for (const entry of entries)
    for (const owner of ownersOf(name, entry, reading)) if (owner !== creator) others.add(owner);
  return {
    name,
    creator: String(creator ?? ''),
    created: String(created ?? ''),
    updated: updated == null ? null : String(updated),
    readme,
    contributors: [...(creator == null ? [] : [String(creator)]), ...[...others].sort()],
    fileCount: entries.length,
    notes,
    lastActivity:
      notes.map((note) => STAMPED.exec(note.name)?.[0].slice(0, 19) ?? '').reduce(maxText, '') || null,
  };
}

/** A note is what the server stamped: directly in the taskforce's folder. A named file is never one, whatever its name. */
export function isNote(name: string, path: string, { loose }: Pick<Reading, 'loose'>): boolean {
  if (loose) return path.endsWith('.md') && !/(^|\/)readme\.md$/i.test(path);
  const rest = path.slice(taskforcePrefix(name).length);
  return !rest.includes('/') && rest.endsWith('.md') && STAMPED.test(rest);
}

/** Whose file it is, from its path alone: the stamp's author, or the registered agent the path carries the marker of. */
function ownersOf(name: string, entry: Entry, { isAgent, loose }: Reading): string[] {
  if (isNote(name, entry.path, { loose }) && STAMPED.test(entry.name)) return [entry.author];
  if (loose) {
    const marked = [...entry.path.slice(taskforcePrefix(name).length).matchAll(/_([a-z0-9-]+)/g)];
    return marked.map((found) => found[1] as string).filter(isAgent);
  }
  const parts = entry.path.split('/').slice(2);
  for (const part of parts) {
    const stem = part.replace(/\.[A-Za-z0-9.]{1,16}$/, '');
    const id = [stem, part]
      .map((text) => text.slice(text.lastIndexOf('_') + 1))
      .find((text) => text !== '' && isAgent(text));
    if (id !== undefined && part.includes('_')) return [id];
  }
  return [];
}

/** May a named file have this name? Not that of a README nor of a note. */
export function namedFileProblem(destPath: string): string | null {
  const leaf = destPath.slice(destPath.lastIndexOf('/') + 1);
  if (/^readme\.md$/i.test(leaf)) return 'README.md is reserved';
  return STAMPED.test(leaf) ? 'a name that begins with a stamp is reserved for notes' : null;
}

const EXCERPT = 160;
/** A README is one message long; what introduces it stands in its first part. */
const LOOKED_AT = 16_384;

/** First line of prose of a README, else its first heading. */
export function excerpt(body: string): string {
  // A copy: a part of a string keeps the whole of it in memory.
  const first = Buffer.from(body.slice(0, LOOKED_AT), 'utf16le').toString('utf16le');
  const lines = first.split('\n').map((line) => line.trim());
  const prose = lines.find((line) => line !== '' && !line.startsWith('#'));
  const line = prose ?? lines.find((each) => each.startsWith('#')) ?? '';
  return line.length > EXCERPT ? `${line.slice(0, EXCERPT)}…` : line;
}

/** `YYYYMMDD-HHmm…` and `YYYY-MM-DD HH:MM UTC` as text that sorts together. */
function comparable(stamp: string): string {
  return stamp.replace(/\D/g, '').padEnd(17, '0');
}

function maxText(a: string, b: string): string {
  return a > b ? a : b;
}
