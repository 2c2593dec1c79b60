import { describe, expect, it } from 'vitest';
import type { PrivateFiles } from '../store/types.ts';
import { createKeys } from './keys.ts';

describe('agent keys', () => {
  it('are asked for again a minute later, also when the clock is put back meanwhile', async () => {
    let asked = 0;
    const store = { readJson: async () => ({ sha256: `${asked++}` }) } as unknown as PrivateFiles;
    let time = 86_400_000;
    const keys = createKeys(
      store,
      (n) => new Uint8Array(n),
      () => time,
    );
    for (const at of [86_400_000, 86_459_999, 0, 59_999, 60_000]) {
      time = at;
      await keys.check('bob', 'ccak_x');
    }
    expect(asked).toBe(3);
  });

  it('a check that reads while the key is rotated does not bring the old one back', async () => {
    const files = new Map<string, unknown>();
    const held: (() => void)[] = [];
    let hold = false;
    const store = {
      async readJson(path: string) {
        const read = files.get(path) ?? null;
        if (hold) await new Promise<void>((go) => held.push(go));
        return read;
      },
      async writeJson(path: string, value: unknown) {
        files.set(path, value);
      },
    } as unknown as PrivateFiles;
    let time = 0;
    let byte = 0;
    const keys = createKeys(
      store,
      (n) => new Uint8Array(n).fill(++byte),
      () => time,
    );
    const stolen = await keys.issue('bob', 'user-one', 'now');
    time += 120_000;
    hold = true;
    const racing = keys.check('bob', stolen);
    const fresh = await keys.issue('bob', 'user-one', 'now');
    for (const go of held) go();
    expect(await racing).toBe(false);
    expect(await keys.check('bob', stolen)).toBe(false);
    expect(await keys.check('bob', fresh)).toBe(true);
  });
});
