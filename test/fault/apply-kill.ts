import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { shapeOf } from './apply-faults.ts';

/** Before the call reached the hub, or after the hub has done it and before the answer is back. */
export type When = 'before' | 'after';

/** A proxy before the hub that ends a process at its n-th call. */
export interface KillingProxy {
  url: string;
  /** Of all calls since `arm`. */
  calls: string[];
  /** `at` -1: never. */
  arm(at: number, when: When, kill: () => void): void;
  close(): Promise<void>;
}

/** Host names are passed on as they are: the hub builds its absolute URLs from them. */
export async function killingProxy(hubUrl: string): Promise<KillingProxy> {
  const calls: string[] = [];
  let armed = { at: -1, when: 'before' as When, kill: () => {} };
  const pass = async (from: IncomingMessage, to: ServerResponse) => {
    const { at, when, kill } = armed;
    const hit = calls.push(shapeOf(from.method ?? 'GET', `${hubUrl}${from.url}`)) - 1 === at;
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
    arm: (at, when, kill) => {
      calls.length = 0;
      armed = { at, when, kill };
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
