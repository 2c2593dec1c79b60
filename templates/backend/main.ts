/** `node server.mjs`: settings from the environment, one listener, a clean stop. */
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createBudget, createHubClient } from '@collab/hub/index.ts';
import { createApp } from './app.ts';
import { listen } from './http/listener.ts';
import { createLog, perTurn } from './log.ts';
import { parseSettings, type Settings, SettingsError } from './settings.ts';

const now = () => Date.now();
const log = createLog(
  perTurn((text) => process.stdout.write(text)),
  now,
);

function settingsOrExit(): Settings {
  try {
    return parseSettings(process.env);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    log('error', 'bad_settings', { problems: error.problems });
    process.exit(1);
  }
}

const sleep = (ms: number, signal?: AbortSignal) => wait(ms, undefined, { signal }).catch(() => {});

const peer = (env: unknown) =>
  (env as { incoming?: { socket?: { remoteAddress?: string } } } | undefined)?.incoming?.socket
    ?.remoteAddress;

const settings = settingsOrExit();
const budget = createBudget();
const hub = createHubClient({ endpoint: settings.HF_ENDPOINT, token: settings.HF_TOKEN, budget });
const server = createApp({
  settings,
  hub,
  budget,
  now,
  sleep,
  log,
  peer,
  random: (n) => randomBytes(n),
  staticDir: fileURLToPath(new URL('.', import.meta.url)),
});

const at = { port: settings.PORT, hostname: settings.HOST };
const listener = listen(server.app.fetch, at, ({ port }) =>
  log('info', 'listening', { host: settings.HOST, port }),
);
const running = server.run();

let stopping = false;
async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  log('info', 'stopping');
  listener.close();
  // An outage must not keep the process for ever: what was acknowledged is already on the Hub.
  const late = sleep(20_000).then(() => log('error', 'stopped_late'));
  const clean = server.stop().then(() => running);
  await Promise.race([clean.catch((error: unknown) => log('error', 'stop_failed', { error })), late]);
  process.exit(0);
}
process.on('SIGTERM', () => void stop());
process.on('SIGINT', () => void stop());
