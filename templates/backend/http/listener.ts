/** The one socket, with the patience it has for whoever sends slowly. */
import type { AddressInfo } from 'node:net';
import { type ServerType, serve } from '@hono/node-server';

/** Milliseconds. The largest body that is taken needs 35 kB/s; who sends slower holds a connection and memory. */
export const PATIENCE = {
  headersTimeout: 15_000,
  requestTimeout: 60_000,
  connectionsCheckingInterval: 5_000,
};

/** A connection on which nothing moves for so long is given up: its reader holds an answer in memory. */
const UNREAD_MS = 300_000;

export function listen(
  fetch: Parameters<typeof serve>[0]['fetch'],
  at: { port: number; hostname: string },
  listening: (address: AddressInfo) => void,
  patience = PATIENCE,
): ServerType {
  const listener = serve({ fetch, ...at, serverOptions: patience }, listening);
  listener.setTimeout(UNREAD_MS);
  // Node drops headers beyond a number, those that the proxy adds last included; their bytes are bounded anyway.
  if ('maxHeadersCount' in listener) listener.maxHeadersCount = 0;
  return listener;
}
