/** One batch on the central bucket, pursued until its outcome is known. */
import { ApiError } from '@collab/contract/errors.ts';
import { type BucketWrite, HubError, type HubPort } from '@collab/hub/port.ts';

export type Outcome =
  /** Taken; the listed paths were refused. */
  | { kind: 'written'; failed: Map<string, string> }
  /** Nothing was written, and never will be by this attempt. */
  | { kind: 'refused'; error: unknown };

export interface Pursuit {
  hub: HubPort;
  bucket: string;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  stopped(): boolean;
  /** Called once when the first attempt leaves the outcome open. */
  onDoubt(): void;
  /** Did this path stand in the bucket before? Then being there proves nothing. */
  existed(path: string): boolean;
}

const uncertain = (error: unknown) =>
  !(error instanceof HubError) || error.kind === 'unknown_outcome' || error.kind === 'protocol';
const transient = (error: unknown) =>
  error instanceof HubError && (error.kind === 'unavailable' || error.kind === 'rate_limited');

/** What a caller is told while nobody knows. */
export const unsettled = (cause?: unknown) =>
  new ApiError('WRITE_UNSETTLED', 'the Hub did not say whether the write happened', {
    hint: 'repeat the request with the same Idempotency-Key: it is never written twice',
    retryAfterS: 30,
    cause,
  });

const pause = (attempt: number) => Math.min(250 * 2 ** attempt, 10_000);

/**
 * Writes `batch`. Its paths carry stamps that nobody else uses, so repeating it is harmless: an unknown outcome is
 * settled by asking which files are there and repeating what is missing, for as long as it takes.
 */
export async function pursue(p: Pursuit, batch: BucketWrite, retries = 3): Promise<Outcome> {
  let doubt = false;
  for (let attempt = 0; ; attempt++) {
    try {
      const { failed } = await p.hub.write(p.bucket, batch);
      return { kind: 'written', failed: new Map(failed.map((f) => [f.path, f.error])) };
    } catch (error) {
      if (uncertain(error) && !doubt) {
        doubt = true;
        p.onDoubt();
      }
      if (doubt) {
        const there = await allThere(p, batch);
        if (there) return { kind: 'written', failed: new Map() };
        if (there === false && !uncertain(error) && !transient(error)) return { kind: 'refused', error };
      } else if (!transient(error) || attempt >= retries) return { kind: 'refused', error };
      if (p.stopped()) return { kind: 'refused', error: doubt ? unsettled(error) : error };
      await p.sleep(pause(attempt));
    }
  }
}

/** Is every file of the batch in the bucket with its content? `null`: could not tell. */
async function allThere(p: Pursuit, batch: BucketWrite): Promise<boolean | null> {
  try {
    const adds = batch.adds ?? [];
    const copies = batch.copies ?? [];
    const paths = [...adds, ...copies].map((f) => f.path);
    const found = new Map(
      (await p.hub.pathsInfo(p.bucket, [...paths, ...(batch.deletes ?? [])])).map((f) => [f.path, f]),
    );
    if ((batch.deletes ?? []).some((path) => found.has(path))) return false;
    if (paths.some((path) => !found.has(path))) return false;
    if (copies.some((c) => found.get(c.path)?.xetHash !== c.xetHash)) return false;
    for (const add of adds.filter((a) => p.existed(a.path))) if (!(await sameBytes(p, add))) return false;
    return true;
  } catch {
    return null;
  }
}

async function sameBytes(p: Pursuit, add: { path: string; content: Uint8Array | string }): Promise<boolean> {
  const bytes = await p.hub.readFile(p.bucket, add.path);
  return bytes !== null && Buffer.from(bytes).equals(Buffer.from(add.content as string));
}
