/** A server in profile compat on a seeded record, and what tests of the wire ask of it. */
import { expect } from 'vitest';
import {
  CENTRAL,
  COMPAT,
  ORG,
  startTestServer,
  type TestAnswer,
  type TestServer,
  testClock,
  testHub,
} from '../../helpers/server.ts';

export const ONE = 'hf_useroneuseroneuserone';
export const TWO = 'hf_usertwousertwousertwo';
export const ORGANIZER = 'hf_organizerorganizer';
export const STRANGER = 'hf_strangerstrangerstran';

export const card = (agent: string, user: string) =>
  `---\nagent_name: ${agent}\nagent_model: m\nagent_harness: h\nagent_tools:\n- bash\nhf_user: ${user}\nagent_bucket: ${ORG}/test-${agent}\njoined: 2026-06-01 09:00 UTC\n---\n`;

/** agent-1 of user-one, agent-2 of user-two, registered as the reference writes them. */
export async function compatServer(
  env: Record<string, string> = {},
  files: Record<string, string> = {},
): Promise<TestServer> {
  const clock = testClock();
  const hub = testHub(clock);
  hub.seed(CENTRAL, {
    'agents/agent-1.md': card('agent-1', 'user-one'),
    'agents/agent-2.md': card('agent-2', 'user-two'),
    ...files,
  });
  hub.seed(`${ORG}/test-agent-1`, { '.bucket-sync-handshake': 'user-one\n' });
  hub.seed(`${ORG}/test-agent-2`, { '.bucket-sync-handshake': 'user-two' });
  return startTestServer({ env: { ...COMPAT, ...env }, clock, hub });
}

/** `hf://` URI of a file of agent-1, written there first. */
export function source(server: TestServer, path: string, text: string, agent = 'agent-1'): string {
  server.hub.seed(`${ORG}/test-${agent}`, { [path]: text });
  return uri(path, agent);
}

export const uri = (path: string, agent = 'agent-1') => `hf://buckets/${ORG}/test-${agent}/${path}`;

/** A file of the record without the keys that this server adds at the end of heads. */
export function written(server: TestServer, path: string): string | null {
  const text = server.hub.textOf(CENTRAL, path);
  return text?.replace(/^(?:auth|source_sha256|idempotency|promoted_stamp): .*\n/gm, '') ?? null;
}

/** Status and code; the hint too when one is expected. */
export function expectRefusal(answer: TestAnswer, status: number, code: string, hint?: string | RegExp) {
  expect([answer.status, answer.json.error?.code], answer.text).toEqual([status, code]);
  if (hint !== undefined) expect(answer.json.error.hint).toMatch(hint);
}
