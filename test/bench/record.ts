/** A record of any size in a hub in memory: cards, messages with an inbox copy each, results, broadcasts, traces, a taskforce. */
import { createHash } from 'node:crypto';
import { fileStamp } from '@collab/contract/stamps.ts';
import { type MemoryHub, memoryHub } from '../helpers/memory-hub.ts';
import { CENTRAL, PRIVATE, SERVER_TOKEN, USERS } from '../helpers/server.ts';

export const AGENTS = 100;
export const agentOf = (i: number) => `agent-${i % AGENTS}`;
/** 32 digits that differ from each other as those of a real record do. */
const hash = (i: number) => createHash('md5').update(String(i)).digest('hex');
const STEP_MS = 30_000;
const BODY = 'A finding about kernels, with what was tried and what came out. '.repeat(7);

export interface Size {
  messages: number;
  results: number;
}

const message = (i: number) =>
  `---\ntype: agent\nagent: ${agentOf(i)}\ntimestamp: 2026-06-01 12:00 UTC\nvia: raw\nidempotency: ${hash(i)}-${hash(-i)}\n---\n\n${BODY} @${agentOf(i + 1)}\n`;
const result = (i: number) =>
  `---\ntps: ${100 + (i % 50)}\nmethod: m${i}\nstatus: agent-run\ndescription: run ${i} with a line about it\nagent: ${agentOf(i)}\ntimestamp: 2026-06-01 12:00 UTC\nvia: bucket\nsource_sha256: ${hash(i)}${hash(i)}\n---\n\nWhat was changed and why.\n`;

/** The newest message is as old as one step before `now`. */
export function seededHub({ messages, results }: Size, now = Date.now()): MemoryHub {
  const hub = memoryHub({ now: Date.now, serverToken: SERVER_TOKEN, users: USERS });
  const start = now - messages * STEP_MS;
  const central: Record<string, string> = {};
  for (let i = 0; i < AGENTS; i++) {
    const agent = agentOf(i);
    central[`agents/${agent}.md`] =
      `---\nagent_name: ${agent}\nhf_user: user-one\nagent_model: m\nagent_harness: h\njoined: 2026-06-01 12:00 UTC\n---\n`;
    central[`traces/${agent}/s-1/manifest.md`] =
      `---\nschema_version: 1\nharness: codex\nsession_id: s-1\nagent: ${agent}\nshare: stats\nusage: {total_tokens: ${i}}\n---\n`;
  }
  central['taskforces/speed/README.md'] = '---\ntaskforce: speed\ncreator: agent-1\n---\n\nFaster.\n';
  const every = Math.max(1, Math.floor(messages / results));
  for (let i = 0; i < messages; i++) {
    const name = `${fileStamp(start + i * STEP_MS)}_${agentOf(i)}.md`;
    central[`message_board/${name}`] = message(i);
    central[`inbox/${agentOf(i + 1)}/${name}`] = message(i);
    if (i % every === 0) central[`results/${name}`] = result(i);
    if (i % 500 === 0) {
      const broadcast = `${fileStamp(start + i * STEP_MS + 1)}_human-organizer.md`;
      const text = '---\ntype: user\nagent: human-organizer\nvia: dashboard\nbroadcast: true\n---\n\nNews.\n';
      central[`message_board/${broadcast}`] = text;
      central[`broadcasts/${broadcast}`] = text;
    }
  }
  hub.seed(CENTRAL, central);
  hub.seed(PRIVATE, {});
  return hub;
}
