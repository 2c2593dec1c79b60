/** The layout of the buckets (design: every record is a markdown file that can be read with any Hub client). */
import { isAgentId, isHumanHandle } from './identity.ts';

export const VERIFICATION_INDEX = 'results/verification_status.json';
export const HANDSHAKE = '.bucket-sync-handshake';

export const scratchBucket = (org: string, slug: string, agent: string) => `${org}/${slug}-${agent}`;
export const agentPath = (agent: string) => `agents/${agent}.md`;
export const recordName = (stamp: string, author: string) => `${stamp}_${author}.md`;
export const messagePath = (name: string) => `message_board/${name}`;
export const inboxFolder = (handle: string) => `inbox/${handle}`;
export const inboxPath = (handle: string, name: string) => `${inboxFolder(handle)}/${name}`;
export const broadcastPath = (name: string) => `broadcasts/${name}`;
export const resultPath = (name: string) => `results/${name}`;
export const VERDICTS = 'results/verdicts/';
export const verdictPath = (result: string, stamp: string, author: string) =>
  `${VERDICTS}${result}/${stamp}_${author}.json`;
export const reviewFolder = (result: string) => `reviews/${result}`;
export const reviewPath = (result: string, name: string) => `${reviewFolder(result)}/${name}`;
/** Words of organizers for reviewers, one file per handle. */
export const VOUCHES = 'reviews/vouches';
export const artifactPrefix = (slug: string, agent: string) => `artifacts/${slug}_${agent}/`;
export const snapshotPath = (sha256: string) => `submissions/${sha256}`;
export const tracePrefix = (agent: string, session: string) => `traces/${agent}/${session}/`;
export const taskforcePrefix = (name: string) => `taskforces/${name}/`;
export const taskforceReadme = (name: string) => `${taskforcePrefix(name)}README.md`;
/** Samples that the organizers give everybody; verification runs one of them as a control. */
export const SAMPLES = 'shared_resources/samples';
export const sharedPrefix = (path: string) => `shared_resources/${path}`;
export const keyPath = (agent: string) => `keys/${agent}.json`;
export const OWNER_FILE = 'owner.json';

/** The author in `{stamp}_{author}.md`; a name without a stamp is the author itself. */
export function authorOf(name: string): string {
  const stem = name.endsWith('.md') ? name.slice(0, -3) : name;
  const cut = stem.indexOf('_');
  return cut >= 0 && /^\d{8}/.test(stem.slice(0, cut)) ? stem.slice(cut + 1) : stem;
}

/** The folders that `path` lies in, outermost first: `a/b/c` → `a`, `a/b`. */
export const foldersAbove = (path: string): string[] =>
  path
    .split('/')
    .slice(0, -1)
    .map((_, at, parts) => parts.slice(0, at + 1).join('/'));

export const folderOf = (path: string) => path.slice(0, path.lastIndexOf('/'));
export const leafOf = (path: string) => path.slice(path.lastIndexOf('/') + 1);

/** The board file whose copy in an inbox or among the broadcasts this is. */
export const boardTwin = (copy: string) => messagePath(leafOf(copy));

/** Half a surrogate pair among them: it has no UTF-8. */
const UNREADABLE = /[\p{Cc}\p{Cs}\\?#%\u2028\u2029]/u;
/** NAME_MAX of the file systems that everything lands on. */
const isTooLong = (part: string): boolean => new TextEncoder().encode(part).length > 255;

/** What is wrong with a relative path that an agent gave; `null` when nothing is. A trailing `/` is fine. */
export function pathProblem(path: string): string | null {
  if (path === '') return 'the path is empty';
  if (path.startsWith('/')) return 'the path must be relative';
  if (path.length > 900) return 'the path is longer than 900 characters';
  const bad = path
    .replace(/\/+$/, '')
    .split('/')
    .find((part) => part === '' || part.startsWith('.') || UNREADABLE.test(part) || isTooLong(part));
  if (bad === undefined) return null;
  if (bad === '') return 'the path has an empty component';
  if (bad.startsWith('.')) return 'a path component may not start with "."';
  if (isTooLong(bad)) return 'a path component is longer than 255 bytes';
  return 'the path holds a character that Hub clients cannot read back (control, \\, ?, # or %)';
}

/**
 * Does `path` say that it belongs to `agent`: its leaf is `…_{agent}` before the extension, or one of its
 * components ends in `_{agent}`.
 */
export function carriesMarker(path: string, agent: string): boolean {
  const parts = path.replace(/\/+$/, '').split('/');
  const leaf = parts.at(-1) ?? '';
  const stem = leaf.replace(/\.[A-Za-z0-9.]{1,16}$/, '');
  return parts.some((part) => part.endsWith(`_${agent}`)) || stem.endsWith(`_${agent}`);
}

export interface Source {
  /** `org/slug-agent`. */
  bucket: string;
  agent: string;
  /** Without slashes at its ends; empty for the whole bucket. */
  path: string;
}

/** `hf://buckets/{org}/{slug}-{agent}/{path}` taken apart, or what is wrong with it. */
export function parseSource(
  uri: string,
  home: { org: string; slug: string },
): Source | { problem: string; hint?: string } {
  const m = /^hf:\/\/buckets\/([^/]+)\/([^/]+)(?:\/(.*))?$/s.exec(uri);
  if (!m) return { problem: 'source must look like hf://buckets/{org}/{bucket}/{path}' };
  const [, org, bucket, rest = ''] = m as unknown as [string, string, string, string | undefined];
  if (org !== home.org)
    return { problem: `source is not in ${home.org}`, hint: 'agents post from buckets in this org only' };
  const agent = bucket.startsWith(`${home.slug}-`) ? bucket.slice(home.slug.length + 1) : '';
  if (!isAgentId(agent))
    return {
      problem: 'source is not a scratch bucket',
      hint: 'source must be under your own scratch bucket',
    };
  const problem = rest === '' ? null : pathProblem(rest);
  if (problem) return { problem: `source path: ${problem}` };
  return { bucket: `${org}/${bucket}`, agent, path: rest.replace(/\/+$/, '') };
}

export const isHandle = (text: string) => isAgentId(text) || isHumanHandle(text);
