import type { Queue } from '../data/types.ts';
import { formatCount, formatDuration, formatScore } from './format.ts';

/** What is running and what waits for a verdict, in a sentence. `open`: how many have none, where there is no queue. */
export function nowWords(queue: Queue | null, open: number): string {
  const items = queue?.items ?? [];
  const running = items.filter((item) => item.state === 'running');
  const waiting = queue === null ? open : Math.max(0, queue.matched - running.length);
  const next = items.find((item) => item.state !== 'running')?.eta_seconds;
  const waits =
    waiting === 0
      ? 'nothing waits for a verdict'
      : `${formatCount(waiting)} ${waiting === 1 ? 'result waits' : 'results wait'} for a verdict` +
        (next == null ? '' : `, the next is expected in ${formatDuration(next)}`);
  return `${runs(running)}${waits}.`.replace(/^./, (c) => c.toUpperCase());
}

function runs(running: Queue['items']): string {
  const [first] = running;
  if (first === undefined) return '';
  if (running.length > 1) return `${running.length} verification runs are going; `;
  return `the claim of @${first.agent}, ${formatScore(first.score)}, is being run again; `;
}
