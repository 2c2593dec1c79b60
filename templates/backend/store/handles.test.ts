import { expect, it } from 'vitest';
import { knownHandles } from './handles.ts';

it('however many people a text names, the cards are looked through once', async () => {
  let looked = 0;
  const card = (user: string) => ({ frontmatter: { hf_user: user } });
  const entries = () => {
    looked++;
    return [card('user-one'), card('user-two')];
  };
  const store = { get: () => null, folder: () => ({ entries, where: () => [] }) };
  const s = { store, auth: { memberNames: async () => new Set() }, settings: { WRITE_AUTH: 'key' } };
  const exists = await knownHandles(s as unknown as Parameters<typeof knownHandles>[0]);
  const named = Array.from({ length: 1000 }, (_, i) => `human-nobody-${i}`);
  expect([...named, 'human-user-two'].filter(exists)).toEqual(['human-user-two']);
  expect(looked).toBe(1);
});
