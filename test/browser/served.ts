/** What the browser tests look at: the real Space on the embedded hub, with a seeded record. */
import {
  GEMMA_SIZE,
  type SeededRecord,
  type SeedSize,
  seededFiles,
  seededRecord,
} from '../helpers/seeded-record.ts';
import { type SeededSpace, startSeededSpace } from '../helpers/seeded-space.ts';

export interface Served extends SeededSpace {
  record: SeededRecord;
  best: SeededRecord['results'][number];
}

export const SMALL: SeedSize = { agents: 24, messages: 150, results: 60, humans: 4, traces: 12 };
export { GEMMA_SIZE };

/** @param extra files of the central bucket, path → text. */
export async function startServed(size: SeedSize, extra: [string, string][] = []): Promise<Served> {
  const record = seededRecord(size);
  const files = new Map([...seededFiles(record, 'gemma-collab', 'gemma'), ...extra]);
  const space = await startSeededSpace(files);
  const best = record.results
    .filter((r) => r.state === 'valid')
    .reduce((a, b) => (b.score > a.score ? b : a));
  return { ...space, record, best };
}
