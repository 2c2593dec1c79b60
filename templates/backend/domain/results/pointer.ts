import { pathProblem } from '@collab/contract/paths.ts';

/** A folder in a bucket; `prefix` without slashes at its ends, never empty. */
export interface Location {
  bucket: string;
  prefix: string;
}

/** Whose submission it may be and where such a one can lie. */
export interface Owner {
  agent: string;
  /** The agent's own scratch bucket, `org/slug-agent`. */
  bucket: string;
  centralBucket: string;
}

/** A place and its spelling are never longer; each one that is tried asks the Hub. */
const MAX_POINTER_CHARS = 1_200;
const MAX_POINTERS = 10;
const URI = /^hf:\/\/buckets\/([^/]+\/[^/]+)\/(.+)$/;

/** Candidate values of a result, in the order they are tried: the explicit field first. The first few, none too long. */
export function pointerValues(frontmatter: Record<string, unknown>, compat = false): string[] {
  const fields = compat ? ['artifacts', 'submission'] : ['submission', 'artifacts'];
  return fields
    .flatMap((field) => texts(frontmatter[field]))
    .filter((text) => text.length <= MAX_POINTER_CHARS)
    .map(strip)
    .filter((text) => text !== '')
    .slice(0, MAX_POINTERS);
}

function texts(value: unknown): string[] {
  const list = Array.isArray(value) ? value : [value];
  return list.filter((item): item is string => typeof item === 'string');
}

function strip(text: string): string {
  return text.replace(/^[\s`]+|[\s`]+$/g, '');
}

/**
 * Where a pointer leads. Everything must stay inside the owner's own scratch bucket, or the owner's own artifacts
 * of the central bucket: `null` for any other place, however it is spelled.
 */
export function locate(pointer: string, owner: Owner): Location | null {
  const uri = URI.exec(pointer);
  if (!uri && pointer.includes('://')) return null;
  const bucket = uri
    ? (uri[1] as string)
    : pointer.startsWith('artifacts/')
      ? owner.centralBucket
      : owner.bucket;
  const prefix = cleanPath(uri ? (uri[2] as string) : pointer);
  if (prefix === null) return null;
  if (bucket === owner.bucket) return { bucket, prefix };
  const [area, name] = prefix.split('/');
  const ownArtifact = area === 'artifacts' && name !== undefined && name.endsWith(`_${owner.agent}`);
  return bucket === owner.centralBucket && ownArtifact ? { bucket, prefix } : null;
}

/** A path without slashes at its end; `null` when a component could lead elsewhere. */
function cleanPath(path: string): string | null {
  return pathProblem(path) === null ? path.replace(/\/+$/, '') : null;
}

/** `run_request.json` or `job_status.json` of a run folder: where its submission was. @returns `null` when it does not lead on. */
export function followRun(run: unknown, owner: Owner): Location | null {
  if (typeof run !== 'object' || run === null) return null;
  const { submission_prefix: prefix, submission_bucket: bucket } = run as Record<string, unknown>;
  if (typeof prefix !== 'string') return null;
  if (bucket !== undefined && bucket !== null && bucket !== owner.bucket) return null;
  const clean = cleanPath(prefix);
  return clean === null ? null : { bucket: owner.bucket, prefix: clean };
}
