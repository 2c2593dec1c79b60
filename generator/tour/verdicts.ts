import { CollabError } from '../errors.ts';
import type { Io } from '../io.ts';
import { getJson, type ResultRecord } from './record.ts';

const SETTLED = new Set(['valid', 'invalid', 'inconclusive', 'expired']);

interface Wait {
  io: Io;
  apiUrl: string;
  filenames: string[];
  /** Gives up after so long without any new verdict. */
  patienceMs: number;
  onVerdict(result: ResultRecord, settled: number): void;
}

/**
 * Waits until the server's verifier has judged every result.
 * @throws CollabError VERDICT_LATE
 */
export async function waitForVerdicts({ io, apiUrl, filenames, patienceMs, onVerdict }: Wait): Promise<void> {
  const open = new Set(filenames);
  for (let last = io.now(); open.size > 0; ) {
    for (const result of await resultRecords(io, apiUrl, open)) {
      if (!SETTLED.has(result.verification)) continue;
      open.delete(result.filename);
      last = io.now();
      onVerdict(result, filenames.length - open.size);
    }
    if (open.size === 0) return;
    if (io.now() - last > patienceMs) throw late([...open], patienceMs);
    await io.sleep(400, io.signal);
  }
}

async function resultRecords(io: Io, apiUrl: string, names: Set<string>): Promise<ResultRecord[]> {
  const first = [...names].sort()[0] ?? '';
  const query = new URLSearchParams({
    expand: 'true',
    limit: '200',
    order: 'asc',
    since: first.slice(0, 19),
  });
  const page = await getJson<{ items: ResultRecord[] }>(io, `${apiUrl}/v1/results?${query}`);
  return page.items.filter((item) => names.has(item.filename));
}

function late(open: string[], patienceMs: number): CollabError {
  const names = open.join(', ');
  return new CollabError(
    'VERDICT_LATE',
    `No verdict within ${Math.round(patienceMs / 1000)} s for ${names}.`,
    {
      next: [{ command: 'create-collab status', why: 'shows the queue and what the verifier says' }],
    },
  );
}
