import { randomInt } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { CollabError } from './errors.ts';

/** Listens for a moment. @returns the port, which the system chooses for 0; `null`: it cannot be listened on. */
function tryListen(host: string, port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(port, host, () => {
      const { port: bound } = server.address() as { port: number };
      server.close(() => resolve(bound));
    });
  });
}

export const isFree = async (port: number, host: string): Promise<boolean> =>
  (await tryListen(host, port)) !== null;

/** Below what systems hand out by themselves (Linux from 32768, others from 49152), above what browsers refuse. */
const QUIET = { from: 20_000, to: 32_768 };
const DRAWS = 20;

/**
 * `wanted` when nobody listens there, any free port otherwise: one that the system gives to nobody else until the
 * program that it is for listens there, or comes back to it.
 */
export async function freePort(host: string, wanted: number | null): Promise<number> {
  if (wanted !== null && (await isFree(wanted, host))) return wanted;
  for (let draw = 0; draw < DRAWS; draw++) {
    const port = randomInt(QUIET.from, QUIET.to);
    if (await isFree(port, host)) return port;
  }
  const port = await tryListen(host, 0);
  if (port === null) throw new Error(`no free port on ${host}`);
  return port;
}

/** Whether something accepts connections. */
export function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

/** Value of `--port`. @throws CollabError BAD_FLAG */
export function portOption(value: unknown): number {
  const port = Number(value);
  if (value !== '' && Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new CollabError('BAD_FLAG', `--port must be 0 to 65535, not ${value === '' ? 'empty' : value}.`);
}

const TRIED = 20;

/**
 * The port to listen on: the one asked for (0: any free one), else `preferred` or the next free one.
 * @throws CollabError BAD_FLAG, PORT_IN_USE
 */
export async function choosePort(asked: unknown, preferred: number, host: string): Promise<number> {
  if (asked === undefined) return nextFree(preferred, host);
  const port = portOption(asked);
  if (port === 0) return freePort(host, null);
  if (await isFree(port, host)) return port;
  throw inUse(port, host);
}

async function nextFree(preferred: number, host: string): Promise<number> {
  for (let port = preferred; port < preferred + TRIED; port++) if (await isFree(port, host)) return port;
  throw inUse(preferred, host);
}

const inUse = (port: number, host: string) =>
  new CollabError('PORT_IN_USE', `Port ${port} cannot be listened on at ${host}.`, {
    next: [{ command: 'create-collab serve --port 0', why: 'takes any free port' }],
  });
