import type { Transport } from './transport.ts';

/**
 * Lines of a log stream (`data: {"data": "text", "timestamp": …}`), up to its end or until nothing came for `idleMs`:
 * the log of something that still runs never ends by itself.
 */
export async function readLogs(
  transport: Transport,
  path: string,
  options: { tail: number | undefined; idleMs: number },
): Promise<string[]> {
  const answer = await transport.send({
    method: 'GET',
    path: options.tail === undefined ? path : `${path}?tail=${options.tail}`,
    effect: 'read',
    headers: { accept: 'text/event-stream' },
    idleMs: options.idleMs,
  });
  const lines = parseEvents(new TextDecoder().decode(answer.bytes));
  return options.tail === undefined ? lines : lines.slice(-options.tail);
}

/** Text of each event; events that are not ours (keep-alives, comments, a torn last one) are left out. */
function parseEvents(stream: string): string[] {
  const lines: string[] = [];
  for (const line of stream.split(/\r?\n/)) {
    if (!line.startsWith('data:')) continue;
    try {
      const event = JSON.parse(line.slice(5)) as { data?: unknown };
      if (typeof event.data === 'string') lines.push(event.data.replace(/\r?\n$/, ''));
    } catch {
      // A torn event at the end of a stream that we left: the next read will have it whole.
    }
  }
  return lines;
}
