import type { HubPort, SpaceRuntime } from '@collab/hub/port.ts';
import { describe, expect, it } from 'vitest';
import { testIo } from '../../test/fault/apply-fixture.ts';
import { waitForHealth } from './health.ts';

/** What huggingface.co may say of a Space, one answer per second; the embedded hub always names the revision. */

const HOST = 'https://acme-gemma-collab.hf.space';
const SHA = 'b'.repeat(40);
type Said = [seconds: number, stage: string, sha?: string];

async function wait(said: Said[], sha?: string): Promise<{ answer: string; seconds: number }> {
  let ms = 0;
  const now = (): SpaceRuntime => {
    const [, stage = '', running] = said.findLast(([from]) => from * 1000 <= ms) ?? [];
    return { stage, hardware: null, ...(running ? { sha: running } : {}) };
  };
  const hub = {
    spaceRuntime: async () => now(),
    spaceInfo: async () => ({ id: 'a/b', author: 'a', sha: '', private: false, sdk: 'docker', host: HOST }),
    restartSpace: async () => undefined,
    spaceLogs: async () => [],
  } as unknown as HubPort;
  const io = testIo({
    now: () => ms,
    sleep: async (asked) => {
      ms += asked;
    },
    fetch: async () => new Response('{}', { status: now().stage === 'RUNNING' ? 200 : 503 }),
  });
  const timing = { space: 'a/b', timeoutMs: 900_000, token: 'hf_x', ...(sha ? { sha } : {}) };
  const answer = await waitForHealth({ io, hub, ...timing }).catch((error) => error.code);
  return { answer, seconds: Math.round(ms / 1000) };
}

describe('waiting for a Space', () => {
  it.each<[what: string, said: Said[], sha: string | undefined, answer: string, least: number, most: number]>(
    [
      [
        'that runs what was sent',
        [
          [0, 'BUILDING'],
          [60, 'RUNNING', SHA],
        ],
        SHA,
        HOST,
        60,
        72,
      ],
      [
        'whose old run is still told of',
        [
          [0, 'RUNNING', 'old'],
          [5, 'BUILDING'],
          [90, 'RUNNING', SHA],
        ],
        SHA,
        HOST,
        90,
        102,
      ],
      [
        'whose old failure is still told of',
        [
          [0, 'RUNTIME_ERROR'],
          [8, 'APP_STARTING'],
          [40, 'RUNNING'],
        ],
        undefined,
        HOST,
        40,
        52,
      ],
      [
        'that fails',
        [
          [0, 'BUILDING'],
          [30, 'BUILD_ERROR', SHA],
        ],
        SHA,
        'SPACE_FAILED',
        30,
        42,
      ],
      [
        'that fails and is not named',
        [
          [0, 'BUILDING'],
          [30, 'BUILD_ERROR'],
        ],
        SHA,
        'SPACE_FAILED',
        50,
        72,
      ],
      ['that runs under another name for good', [[0, 'RUNNING', 'other']], SHA, HOST, 180, 192],
      ['that never comes', [[0, 'BUILDING']], SHA, 'SPACE_TIMEOUT', 900, 912],
    ],
  )('%s', async (_what, said, sha, answer, least, most) => {
    const ended = await wait(said, sha);
    expect(ended.answer).toBe(answer);
    expect(ended.seconds).toBeGreaterThanOrEqual(least);
    expect(ended.seconds).toBeLessThanOrEqual(most);
  });
});
