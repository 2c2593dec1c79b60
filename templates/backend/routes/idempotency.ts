/** A retry after a timeout never posts twice: the key stands in the record itself. */
import { ApiError } from '@collab/contract/errors.ts';
import type { Entry, FolderView } from '../store/types.ts';

/** `{key}-{request}` → the part that names the key. */
const keyOf = (idempotency: string) => idempotency.slice(0, 32);

export const idempotencyLock = (author: string, idempotency: string | null) =>
  idempotency === null ? [] : [`idem:${author}:${keyOf(idempotency)}`];

/**
 * The author's record of an earlier request with this key, or `null`. IDEMPOTENCY_MISMATCH when that request was
 * another one. Call it inside `build`.
 */
export function earlier(folder: FolderView, author: string, idempotency: string | null): Entry | null {
  if (idempotency === null) return null;
  const same = folder.where('idempotency', idempotency).find((e) => e.author === author);
  if (same) return same;
  const clash = folder
    .where('agent', author)
    .some((e) => keyOf(String(e.frontmatter.idempotency ?? '')) === keyOf(idempotency));
  if (clash) throw new ApiError('IDEMPOTENCY_MISMATCH', 'this Idempotency-Key was used for another request');
  return null;
}
