import { streamSSE } from 'hono/streaming';
import type { HubRequest } from './http.ts';
import type { LogLine } from './process/log.ts';

const KEEP_ALIVE_MS = 20_000;

/** Log lines as server-sent events: `data: {"data","timestamp"}`. The stream closes when the log ends. */
export function sseLog(c: HubRequest, follow: (signal: AbortSignal) => AsyncIterable<LogLine>): Response {
  return streamSSE(c, async (stream) => {
    const abort = new AbortController();
    stream.onAbort(() => abort.abort());
    const alive = setInterval(() => void stream.write(': keep-alive\n\n'), KEEP_ALIVE_MS);
    try {
      for await (const line of follow(abort.signal)) await stream.writeSSE({ data: JSON.stringify(line) });
    } finally {
      clearInterval(alive);
    }
  });
}
