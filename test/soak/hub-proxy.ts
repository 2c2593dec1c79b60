/** Stands before the embedded hub and behaves like a network on a bad day: slow, refusing, losing answers. */
import {
  type ClientRequest,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
} from 'node:http';
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
  /** Of batches: one operation is refused, the others are taken. */
  partial: number;
  /** Nothing is answered. */
  down: boolean;
}

export interface HubProxy {
  url: string;
  weather: Weather;
  /** What was done to calls. */
  did: { calls: number; refused: number; lost: number; slow: number; partial: number; down: number };
  close(): void;
}

export const CALM = { refused: 0, lost: 0, slow: 0, slowMs: 0, partial: 0, down: false };

const sized = (headers: IncomingHttpHeaders, body: string) => ({
  ...headers,
  'content-length': String(Buffer.byteLength(body)),
});

const textOf = async (stream: IncomingMessage): Promise<string> => {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
};

/** Hands on a batch but for one of its operations, which the answer calls refused. A batch of one goes whole. */
async function takePart(
  incoming: IncomingMessage,
  open: (body: string) => ClientRequest,
): Promise<{ status: number; body: string; refused: boolean }> {
  const lines = (await textOf(incoming)).split('\n').filter(Boolean);
  const out = lines.length > 1 ? Math.floor(Math.random() * lines.length) : -1;
  const body = `${lines.filter((_, n) => n !== out).join('\n')}\n`;
  const forward = open(body);
  const answer = new Promise<IncomingMessage>((done, fail) => forward.on('response', done).on('error', fail));
  forward.end(body);
  const got = await answer;
  const text = await textOf(got);
  const status = got.statusCode ?? 502;
  const left = lines[out];
  if (left === undefined || status !== 200) return { status, body: text, refused: false };
  const said = JSON.parse(text) as { failed?: object[] };
  const failed = [...(said.failed ?? []), { path: JSON.parse(left).path, error: 'refused' }];
  return { status, body: JSON.stringify({ ...said, success: false, failed }), refused: true };
}

export async function hubProxy(target: string, latencyMs: number): Promise<HubProxy> {
  const { hostname, port } = new URL(target);
  const weather: Weather = { latencyMs, ...CALM };
  const did = { calls: 0, refused: 0, lost: 0, slow: 0, partial: 0, down: 0 };
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
    const answered = (answer: IncomingMessage) => {
      if (fate === 'lost') {
        answer.resume().on('end', () => incoming.socket.destroy());
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    };
    const to = { hostname, port, path: incoming.url, method: incoming.method, headers: incoming.headers };
    if (fate === null && incoming.url?.endsWith('/batch') && Math.random() < weather.partial) {
      const open = (body: string) => request({ ...to, headers: sized(to.headers, body) });
      const took = await takePart(incoming, open).catch(() => null);
      if (!took) return void incoming.socket.destroy();
      if (took.refused) did.partial++;
      outgoing.writeHead(took.status, { 'content-type': 'application/json' }).end(took.body);
      return;
    }
    const forward = request(to, answered);
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
