import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { type Point, shapeOf, watchFor } from './apply-faults.ts';

/** Before the call reached the hub, or after the hub has done it and before the answer is back. */
export type When = 'before' | 'after';

/** A proxy before the hub that ends a process at one of its calls. */
export interface KillingProxy {
  url: string;
  /** Of all calls since `arm`. */
  calls: string[];
  /** @returns whether it came to that since. */
  arm(point: Point | null, when: When, kill: () => void): () => boolean;
  close(): Promise<void>;
}

/** Host names are passed on as they are: the hub builds its absolute URLs from them. */
export async function killingProxy(hubUrl: string): Promise<KillingProxy> {
  const calls: string[] = [];
  let armed = { isPoint: watchFor(null), when: 'before' as When, kill: () => {} };
  const pass = async (from: IncomingMessage, to: ServerResponse) => {
    const { isPoint, when, kill } = armed;
    const shape = shapeOf(from.method ?? 'GET', `${hubUrl}${from.url}`);
    calls.push(shape);
    const hit = isPoint(shape);
    const sent = await buffer(from);
    if (hit && when === 'before') kill();
    if (hit && when === 'before') return to.destroy();
    const answer = await forward(hubUrl, from, sent);
    const received = await buffer(answer);
    if (hit) kill();
    if (hit) return to.destroy();
    to.writeHead(answer.statusCode ?? 502, answer.headers);
    to.end(received);
  };
  const server = createServer((from, to) => void pass(from, to).catch(() => to.destroy()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    arm: (point, when, kill) => {
      calls.length = 0;
      let hit = false;
      const killOnce = () => {
        hit = true;
        kill();
      };
      armed = { isPoint: watchFor(point), when, kill: killOnce };
      return () => hit;
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function forward(hubUrl: string, from: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
  const { method, headers, url } = from;
  return new Promise((resolve, reject) => {
    request(`${hubUrl}${url}`, { method, headers }, resolve).once('error', reject).end(body);
  });
}
