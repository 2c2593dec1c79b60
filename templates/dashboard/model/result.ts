import type { Frontmatter, ResultRecord } from '../data/types.ts';

/** The claim in a result's own words, or null when it is no number. */
export function claimedScore(record: ResultRecord, field: string): number | null {
  const value = record.frontmatter[field];
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

export interface Fact {
  key: string;
  text: string;
  /** Address, when the value is one a person can open. */
  url: string | null;
}

const SHOWN_ELSEWHERE = ['agent', 'timestamp', 'method', 'description', 'via'];
/** What the server set, and no author can. */
const OF_SERVER = ['submission_snapshot', 'submission_files', 'submission_bytes', 'auth', 'source_sha256'];
/** For the server alone. */
const PLUMBING = ['idempotency'];

/** Everything else in the head of a result, as text; nested values as JSON: what the server set apart from the author's words. */
export function factsOf(frontmatter: Frontmatter): { ofServer: Fact[]; ofAuthor: Fact[] } {
  const entries = Object.entries(frontmatter).filter(
    ([key]) => !SHOWN_ELSEWHERE.includes(key) && !PLUMBING.includes(key),
  );
  return {
    ofServer: facts(entries.filter(([key]) => OF_SERVER.includes(key))),
    ofAuthor: facts(entries.filter(([key]) => !OF_SERVER.includes(key))),
  };
}

function facts(entries: [string, unknown][]): Fact[] {
  return entries
    .filter(([, value]) => value !== null && value !== '')
    .flatMap(([key, value]) => (Array.isArray(value) ? value.map((v) => fact(key, v)) : [fact(key, value)]));
}

function fact(key: string, value: unknown): Fact {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return { key, text, url: /^https?:\/\/\S+$/.test(text) ? text : null };
}

/** Bucket and folder of an `hf://buckets/…` address or of a path inside the central bucket. */
export function bucketPath(text: string, central: string): { bucket: string; path: string } | null {
  const m = /^hf:\/\/buckets\/([^/\s]+\/[^/\s]+)\/?(\S*)$/.exec(text.trim());
  if (m) return { bucket: m[1] as string, path: (m[2] ?? '').replace(/\/$/, '') };
  return /^artifacts\/\S+$/.test(text.trim())
    ? { bucket: central, path: text.trim().replace(/\/$/, '') }
    : null;
}

export interface Folder {
  label: string;
  /** Path in the central bucket, without a slash at its end. */
  prefix: string;
}

const MAX_FOLDERS = 8;

/** Folders of the central bucket that belong to a result: what is judged, and what the author left beside it. */
export function foldersOf(frontmatter: Frontmatter, central: string): Folder[] {
  const list = (value: unknown) => (Array.isArray(value) ? value : [value]);
  const named = [
    ...list(frontmatter.submission_snapshot).map((value) => ({ label: 'Submission as it is judged', value })),
    ...list(frontmatter.artifacts).map((value) => ({ label: 'Artifacts', value })),
  ];
  return named
    .map(({ label, value }) => ({ label, prefix: centralPath(value, central) }))
    .filter((folder) => /^(?:artifacts|submissions|shared_resources)\/./.test(folder.prefix))
    .filter(({ prefix }, at, all) => all.findIndex((other) => other.prefix === prefix) === at)
    .slice(0, MAX_FOLDERS);
}

const centralPath = (value: unknown, central: string): string =>
  typeof value === 'string' ? value.trim().replace(`hf://buckets/${central}/`, '').replace(/\/+$/, '') : '';

/** Address of one file for `GET /v1/files/{path}`. */
export const filePath = (path: string): string =>
  `/v1/files/${path.split('/').map(encodeURIComponent).join('/')}`;

/** Address of a list of a result's logs, or of one of them. */
export const logsPath = (filename: string, run = ''): string =>
  `/v1/results/${encodeURIComponent(filename)}/logs${run && `/${encodeURIComponent(run)}`}`;

const TERMINAL_CODES = /\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07]{0,200}\x07|[@-_])/g;

/** What a terminal would show: without colours and cursor moves. */
export const plainText = (text: string | null): string | null => text?.replace(TERMINAL_CODES, '') ?? null;

/** A run as people call it. */
export const runWords = (run: string): string =>
  run === 'benchmark' ? 'Benchmark' : run === 'first' ? 'Verification, first run' : `Verification, ${run}`;
