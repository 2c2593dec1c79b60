import { createServer } from 'node:net';
import { CollabError } from '../errors.ts';

export function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

/** A free port, as the system gives it. */
function anyPort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, host, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

const TRIED = 20;

/**
 * The port to listen on: the one asked for (0: any free one), else `preferred` or the next free one.
 * @throws CollabError BAD_FLAG, PORT_IN_USE
 */
export async function choosePort(asked: unknown, preferred: number, host: string): Promise<number> {
  if (asked === undefined) return nextFree(preferred, host);
  const port = Number(asked);
  if (asked === '' || !Number.isInteger(port) || port < 0 || port > 65_535)
    throw new CollabError('BAD_FLAG', '--port must be 0 to 65535.');
  if (port === 0) return anyPort(host);
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
