/** What the browser tests look at: the page on a seeded record of the Gemma challenge's size. */
import { fileURLToPath } from 'node:url';
import { startFixture } from '../helpers/fixture-server.ts';

export interface Served {
  url: string;
  best: { filename: string; author: string };
  message: string;
  close: () => Promise<void>;
}

export async function startServed(): Promise<Served> {
  const fixture = await startFixture(fileURLToPath(new URL('../../dist/space/public', import.meta.url)));
  const best = fixture.record.results
    .filter((r) => r.state === 'valid')
    .reduce((a, b) => (b.score > a.score ? b : a));
  return {
    url: fixture.url,
    best,
    message: fixture.record.messages.at(-5)?.filename ?? '',
    close: fixture.close,
  };
}
