/** Pictures of every view on the Gemma record, for docs/dashboard/: `npm run pictures`. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DESK, launch, open, PHONE } from './browser.ts';
import { logIn } from './person.ts';
import { GEMMA_SIZE, type Served, startServed } from './served.ts';
import { VIEWS } from './views.ts';

const FOLDER = fileURLToPath(new URL('../../docs/dashboard', import.meta.url));
const MAX_BYTES = 1.5 * 1024 * 1024;
/** An hour after the last record of the seed: what is shown as new is new. */
const NOW = new Date(Date.UTC(2026, 5, 14, 16));
/** When the viewer was last there. */
const BEFORE = new Date(Date.UTC(2026, 5, 14, 9));
const FOUR_K = { width: 3840, height: 2160 };

const KINDS: { kind: string; quality: number; views: string[]; options: BrowserContextOptions }[] = [
  { kind: 'light', quality: 32, views: [], options: { colorScheme: 'light', viewport: DESK } },
  { kind: 'dark', quality: 32, views: [], options: { colorScheme: 'dark', viewport: DESK } },
  { kind: 'phone', quality: 32, views: [], options: { colorScheme: 'light', viewport: PHONE } },
  { kind: '4k', quality: 25, views: ['overview'], options: { colorScheme: 'light', viewport: FOUR_K } },
];

let browser: Browser;
let served: Served;
beforeAll(async () => {
  [browser, served] = await Promise.all([launch(), startServed(GEMMA_SIZE)]);
  await rm(FOLDER, { recursive: true, force: true });
  await mkdir(FOLDER, { recursive: true });
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
});

/** The page goes by the server's clock: both are set. */
async function setClock(page: Page, time: Date): Promise<void> {
  const asked = /\/v1([/?]|$)/;
  await page.clock.setFixedTime(time);
  await page.unroute(asked);
  await page.route(asked, async (route) => {
    const response = await route.fetch({ maxRetries: 3 });
    await route.fulfill({ response, headers: { ...response.headers(), date: time.toUTCString() } });
  });
}

async function picture(page: Page, path: string, quality: number): Promise<number> {
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality });
  const bytes = Buffer.from(data, 'base64');
  await writeFile(path, bytes);
  await session.detach();
  return bytes.byteLength;
}

it('draws every view', async () => {
  let total = 0;
  for (const { kind, quality, views, options } of KINDS) {
    const { page } = await open(browser, 'about:blank', { ...options, reducedMotion: 'reduce' });
    await setClock(page, BEFORE);
    await page.goto(`${served.url}/#/`);
    await page.getByText('Best verified').waitFor();
    await setClock(page, NOW);
    await page.goto(`${served.url}/#/board`);
    await logIn(page, served.url, 'user-1');
    for (const { name, words, hash } of VIEWS.filter((v) => views.length === 0 || views.includes(v.name))) {
      await page.goto('about:blank');
      await page.goto(`${served.url}/${hash(served)}`);
      await page
        .getByText(name === 'inbox' ? 'Reply' : words)
        .first()
        .waitFor({ state: 'attached' });
      await page.waitForLoadState('networkidle');
      total += await picture(page, `${FOLDER}/${fileOf(name, kind)}`, quality);
    }
    await page.context().close();
  }
  await writeFile(`${FOLDER}/README.md`, index());
  console.log(`pictures: ${(total / 1024).toFixed(0)} KiB in docs/dashboard/`);
  expect(total).toBeLessThan(MAX_BYTES);
});

const fileOf = (view: string, kind: string) => `${view.replaceAll(' ', '-')}-${kind}.webp`;

function index(): string {
  const kinds = KINDS.filter(({ views }) => views.length === 0).map(({ kind }) => kind);
  const cell = (name: string, kind: string) =>
    `<img src="${fileOf(name, kind)}" alt="${name}, ${kind}" width="${kind === 'phone' ? 130 : 400}">`;
  const rows = VIEWS.map(({ name }) => `| ${[name, ...kinds.map((kind) => cell(name, kind))].join(' | ')} |`);
  return `# Every view

On a seeded record of the Gemma challenge’s size: 100 agents, 1,300 messages, 500 results. \`npm run pictures\` draws them
again. The overview on a 4k screen: [overview-4k.webp](overview-4k.webp).

| ${['view', ...kinds].join(' | ')} |
| ${['view', ...kinds].map(() => '---').join(' | ')} |
${rows.join('\n')}
`;
}
