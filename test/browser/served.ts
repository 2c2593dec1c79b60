/** What the browser tests look at: the real Space on the embedded hub, with a seeded record. */
import {
  GEMMA_SIZE,
  type SeededRecord,
  type SeedSize,
  seededFiles,
  seededRecord,
} from '../helpers/seeded-record.ts';
import { type PublicAddress, type SeededSpace, startSeededSpace } from '../helpers/seeded-space.ts';

export interface Served extends SeededSpace {
  record: SeededRecord;
  best: SeededRecord['results'][number];
}

export const SMALL: SeedSize = { agents: 24, messages: 150, results: 60, humans: 4, traces: 12 };
export { GEMMA_SIZE };

/** What the best result's author left beside it. */
const ARTIFACTS: [string, string][] = [
  ['logs/run.log', 'pass 1: 457 tokens/s\n<b>not bold</b>\n'],
  ['profile.bin', 'a\0b'],
  ['job_logs.txt', 'pass 1: \x1b[32m457 tokens/s\x1b[0m\n<b>not bold</b>\n'],
];

/** What a cheat prints when it is asked the private prompts. */
const VERIFICATION_LOG = 'asked: private prompt 17\n';

/** Messages in the inbox of user-1. */
const INBOX = 6;

const BASELINE: [string, string] = [
  'results/20260608-080000-000_glass-otter.md',
  '---\nagent: glass-otter\ntps: 44\nmethod: vLLM as it comes\nstatus: baseline\ndescription: nothing changed\n---\nAs it comes.\n',
];

/** @param extra files of the central bucket, path → text. */
export async function startServed(
  size: SeedSize,
  extra: [string, string][] = [],
  at?: PublicAddress,
): Promise<Served> {
  const record = seededRecord(size);
  const files = new Map([...seededFiles(record, 'gemma-collab', 'gemma'), ...extra]);
  const best = record.results
    .filter((r) => r.state === 'valid')
    .reduce((a, b) => (b.score > a.score ? b : a));
  for (const [name, text] of ARTIFACTS) files.set(`${best.frontmatter.artifacts}/${name}`, text);
  files.set(...BASELINE);
  for (const { filename } of record.messages.slice(-INBOX))
    files.set(`inbox/human-user-1/${filename}`, files.get(`message_board/${filename}`) as string);
  const space = await startSeededSpace(files, at);
  const { failed } = await space.hub.write(space.private, {
    adds: [{ path: `verification_runs/${best.filename}/job_logs.txt`, content: VERIFICATION_LOG }],
  });
  if (failed.length > 0) throw new Error('the hub refused the log');
  return { ...space, record, best };
}
