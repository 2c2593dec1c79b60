/** Stands before the embedded hub and behaves like a network on a bad day: slow, refusing, losing answers. */
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

export interface Weather {
  /** Every call waits so long, in ms. */
  latencyMs: number;
  /** Shares of calls: refused with 503 before they have an effect, answer lost after it, slow by `slowMs`. */
  refused: number;
  lost: number;
  slow: number;
  slowMs: number;
  /** Nothing is answered. */
  down: boolean;
}

export interface HubProxy {
  url: string;
  weather: Weather;
  /** What was done to calls. */
  did: { calls: number; refused: number; lost: number; slow: number; down: number };
  close(): void;
}

export const CALM = { refused: 0, lost: 0, slow: 0, slowMs: 0, down: false };

export async function hubProxy(target: string, latencyMs: number): Promise<HubProxy> {
  const { hostname, port } = new URL(target);
  const weather: Weather = { latencyMs, ...CALM };
  const did = { calls: 0, refused: 0, lost: 0, slow: 0, down: 0 };
  const server = createServer(async (incoming, outgoing) => {
    did.calls++;
    const luck = Math.random();
    const { refused, lost, slow } = weather;
    const fate =
      luck < refused
        ? 'refused'
        : luck < refused + lost
          ? 'lost'
          : luck < refused + lost + slow
            ? 'slow'
            : null;
    if (fate) did[fate]++;
    await wait(weather.latencyMs + (fate === 'slow' ? weather.slowMs : 0));
    if (weather.down) {
      did.down++;
      incoming.socket.destroy();
      return;
    }
    if (fate === 'refused') {
      outgoing.writeHead(503, { 'content-type': 'application/json' }).end('{"error":"busy"}');
      return;
    }
    const forward = request(
      { hostname, port, path: incoming.url, method: incoming.method, headers: incoming.headers },
      (answer) => {
        if (fate === 'lost') {
          answer.resume().on('end', () => incoming.socket.destroy());
          return;
        }
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    forward.on('error', () => incoming.socket.destroy());
    incoming.on('error', () => forward.destroy());
    incoming.pipe(forward);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    weather,
    did,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
