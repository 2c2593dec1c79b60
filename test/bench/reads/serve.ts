/** The server as `main.ts` runs it, listener and log included, over a hub in memory that holds a record's files. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { serve } from '@hono/node-server';
import { createLog, perTurn } from '../../../templates/backend/log.ts';
import { memoryHub } from '../../helpers/memory-hub.ts';
import { CENTRAL, PRIVATE, SERVER_TOKEN, USERS } from '../../helpers/server.ts';
import { appOver } from '../app.ts';

/** @param dir the files of the central bucket */
export async function serveRecord(dir: string, port: number): Promise<void> {
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((path) =>
    statSync(join(dir, path)).isFile(),
  );
  const hub = memoryHub({ now: Date.now, serverToken: SERVER_TOKEN, users: USERS });
  hub.seed(CENTRAL, Object.fromEntries(files.map((path) => [path, readFileSync(join(dir, path))])));
  hub.seed(PRIVATE, {});
  const { app, services, run } = appOver(
    hub,
    createLog(
      perTurn((text) => process.stdout.write(text)),
      Date.now,
    ),
  );
  void run();
  await services.store.ready();
  serve({ fetch: app.fetch, port, hostname: '127.0.0.1' });
}
