import { connect, createServer } from 'node:net';

/** `wanted` when nobody listens there, any free port otherwise. */
export async function freePort(host: string, wanted: number | null): Promise<number> {
  if (wanted !== null && (await tryListen(host, wanted)) !== null) return wanted;
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
