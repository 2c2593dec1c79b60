import { diffComm } from 'node-diff3';

/** What is to happen to one file, from three versions of it. */
export interface Verdict {
  state: 'create' | 'update' | 'delete' | 'unchanged' | 'conflict';
  reason: string;
}

export interface Versions {
  /** What we last wrote there, as the Hub acknowledged it. */
  base?: string | undefined;
  /** What we were about to write when a run was cut off: it may be there or not. */
  meant?: string | undefined;
  /** In the bucket; `null`: not there. */
  live: string | null;
  /** In the directory; `null`: not there any more. */
  mine: string | null;
}

/**
 * Three-way comparison by content hash. An edit in the bucket that we did not make is never overwritten and never
 * deleted, and a file that somebody deleted there does not come back by itself.
 */
export function threeWay({ base, meant, live, mine }: Versions): Verdict {
  if (live === mine) return { state: 'unchanged', reason: 'as in the directory' };
  const isOurs = (hash: string) => hash === base || hash === meant;
  if (live === null) {
    if (base === undefined) return { state: 'create', reason: 'not in the bucket yet' };
    if (mine === base) return { state: 'unchanged', reason: 'deleted in the bucket since; left so' };
    return { state: 'conflict', reason: 'deleted in the bucket and changed in the directory' };
  }
  if (mine === null) return gone(isOurs(live));
  if (isOurs(live)) return { state: 'update', reason: 'changed in the directory' };
  if (isOurs(mine)) return { state: 'unchanged', reason: 'edited in the bucket since; kept' };
  const known = base !== undefined || meant !== undefined;
  const reason = known ? 'edited in the bucket and in the directory' : 'another file is there already';
  return { state: 'conflict', reason };
}

function gone(untouched: boolean): Verdict {
  return untouched
    ? { state: 'delete', reason: 'no longer in the directory' }
    : { state: 'unchanged', reason: 'no longer in the directory, but edited in the bucket; kept' };
}

const TEXT = /\.(md|txt|json|jsonl|ya?ml|py|js|mjs|ts|html|css|csv|toml|sh)$/i;
const LONGEST_DIFF = 80;

/** Lines for people: `-` is in the bucket, `+` in the directory. */
export function diffLines(path: string, live: Uint8Array | undefined, mine: Uint8Array): string[] {
  if (!live || !TEXT.test(path))
    return [`${live?.byteLength ?? '?'} bytes in the bucket, ${mine.byteLength} here`];
  const parts = diffComm(linesOf(live), linesOf(mine));
  const lines = parts.flatMap((part) =>
    'common' in part && part.common
      ? part.common.length > 4
        ? ['  …']
        : part.common.map((line) => `  ${line}`)
      : [
          ...((part as { buffer1?: string[] }).buffer1 ?? []).map((line) => `- ${line}`),
          ...((part as { buffer2?: string[] }).buffer2 ?? []).map((line) => `+ ${line}`),
        ],
  );
  if (lines.length <= LONGEST_DIFF) return lines;
  return [...lines.slice(0, LONGEST_DIFF), `… ${lines.length - LONGEST_DIFF} more lines`];
}

const linesOf = (content: Uint8Array): string[] => new TextDecoder().decode(content).split('\n');
