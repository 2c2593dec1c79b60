import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import type { Exit } from '../process/child.ts';
import type { App } from './runtime.ts';

/** Serves a static Space's folder on a port of its own, so that its pages share no origin with the hub. */
export function startStatic(dir: string, host: string, port: number): App {
  const pages = new Hono();
  pages.use('*', serveStatic({ root: dir }));
  const server = createServer(getRequestListener(pages.fetch));
  const exited = new Promise<Exit>((resolve) => {
    server.once('error', (error) => resolve({ code: null, signal: null, error: error.message }));
    server.once('close', () => resolve({ code: 0, signal: null }));
  });
  server.listen(port, host);
  const stop = async () => {
    server.closeAllConnections();
    server.close();
    await exited;
  };
  return { exited, stop };
}
