/** The server in this process, over any hub, on the real clock. */
import { setTimeout as wait } from 'node:timers/promises';
import type { HubPort } from '@collab/hub/port.ts';
import { createApp, type Server } from '../../templates/backend/app.ts';
import { type Log, silent } from '../../templates/backend/log.ts';
import { parseSettings } from '../../templates/backend/settings.ts';
import { ORG, PRIVATE, SERVER_TOKEN, SLUG } from '../helpers/server.ts';

export const ENVIRONMENT = {
  HF_TOKEN: SERVER_TOKEN,
  ORG,
  COLLAB_SLUG: SLUG,
  AUDIT_BUCKET: PRIVATE,
  WRITE_AUTH: 'open',
  SCORE_FIELD: 'tps',
  RAW_MESSAGE_PER_MINUTE: '1000000',
  RAW_MESSAGE_PER_HOUR: '1000000',
};

export const appOver = (hub: HubPort, log: Log = silent): Server =>
  createApp({
    settings: parseSettings(ENVIRONMENT),
    hub,
    now: Date.now,
    random: (n) => crypto.getRandomValues(new Uint8Array(n)),
    log,
    sleep: (ms, signal) => wait(ms, undefined, { signal }).catch(() => {}),
  });
