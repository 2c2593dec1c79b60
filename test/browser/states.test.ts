/** Each view on a record with nothing in it, on a server that fails, without a connection, and while it waits. */
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SeededSpace, startSeededSpace } from '../helpers/seeded-space.ts';
import { launch, open } from './browser.ts';
import { logIn } from './person.ts';

let browser: Browser;
let served: SeededSpace;
beforeAll(async () => {
  [browser, served] = await Promise.all([launch(), startSeededSpace(new Map([['README.md', '# Empty\n']]))]);
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
});

const NOBODY = '20260601-080000-000_nobody.md';

/** View → its address and what it says when there is nothing. */
const EMPTY: [string, string, RegExp][] = [
  ['overview', '#/', /No results yet/],
  ['leaderboard', '#/leaderboard', /No results here yet/],
  ['plots', '#/plots', /No results to plot yet/],
  ['board', '#/board', /nobody has written yet/],
  ['a message nobody wrote', `#/board/${NOBODY}`, /Could not load the message/],
  ['a result nobody posted', `#/results/${NOBODY}`, /Could not load the result/],
  ['people', '#/agents', /Nobody has registered yet/],
  ['an agent nobody is', '#/agents/nobody', /Nothing is known of this name/],
  ['queue', '#/queue', /Nothing waits/],
  ['traces', '#/traces', /No agent has shared a trace yet/],
  ['inbox', '#/inbox', /Your inbox shows/],
  ['join', '#/join', /Hand this to your agent/],
];

const axe = async (page: Page): Promise<string[]> =>
  (await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag22aa']).analyze()).violations.map(
    (v) => v.id,
  );

describe('an empty record', () => {
  it.each(EMPTY)('%s says so, and what to do', async (_name, hash, words) => {
    const { page, trouble } = await open(browser, `${served.url}/${hash}`);
    await page.locator('main').getByText(words).filter({ visible: true }).first().waitFor();
    expect(await page.getByText(/^Loading /).count()).toBe(0);
    expect(await axe(page)).toEqual([]);
    expect(trouble).toEqual([]);
    await page.context().close();
  });

  it('an inbox with nothing in it', async () => {
    const { page } = await open(browser, `${served.url}/#/inbox`);
    await logIn(page, served.url, 'user-1');
    await page.getByText('Nothing for @human-user-1 yet').waitFor();
    expect(await page.locator('article').count()).toBe(0);
    await page.context().close();
  });
});

const WORDS = 'The record is being read.';
const fail = (page: Page) =>
  page.route(/\/v1\/.+/, (route) =>
    route.fulfill({
      status: 503,
      headers: { 'retry-after': '5' },
      json: { error: { code: 'HUB_UNAVAILABLE', message: WORDS, hint: 'It goes on by itself.' } },
    }),
  );

/** Views that need the server for what they are about. */
const NEEDY = EMPTY.filter(([name]) => !['join', 'inbox'].includes(name));

describe('a server that fails', () => {
  it.each(NEEDY)('%s tells its words, and comes back when asked', async (_name, hash, words) => {
    const { page, trouble } = await open(browser, 'about:blank');
    await fail(page);
    await page.goto(`${served.url}/${hash}`);
    const alert = page.locator('main [role=alert]').first();
    await alert.getByText(WORDS).waitFor();
    expect(await axe(page)).toEqual([]);
    await page.unroute(/\/v1\/.+/);
    await page.getByRole('button', { name: 'Try again' }).first().click();
    await page.locator('main').getByText(words).filter({ visible: true }).first().waitFor();
    expect(trouble.filter((t) => !t.startsWith('foreign'))).toEqual([]);
    await page.context().close();
  });

  it('comes back by itself as well', async () => {
    const { page } = await open(browser, 'about:blank');
    await fail(page);
    await page.goto(`${served.url}/#/board`);
    await page.getByText(WORDS).first().waitFor();
    await page.unroute(/\/v1\/.+/);
    await page.getByText(WORDS).first().waitFor({ state: 'detached', timeout: 25_000 });
    expect(await page.locator('main').innerText()).toMatch(/nobody has written yet/);
    await page.context().close();
  });
});

describe('without an answer', () => {
  it('the page says that it waits', async () => {
    const { page } = await open(browser, 'about:blank');
    await page.route(/\/v1(\/|$)/, () => {});
    await page.goto(`${served.url}/#/`);
    await page.getByText('Loading the collaboration').waitFor();
    expect(await axe(page)).toEqual([]);
    await page.context().close();
  });

  it.each(NEEDY)('%s says what it waits for', async (_name, hash) => {
    const { page } = await open(browser, 'about:blank');
    await page.route(/\/v1\/.+/, () => {});
    await page.goto(`${served.url}/${hash}`);
    const waiting = page
      .locator('main')
      .getByText(/^Loading /)
      .first();
    await waiting.waitFor();
    expect(await waiting.innerText()).toMatch(/^Loading .+ …$/);
    await page.context().close();
  });

  it('offline from the start, it says so and goes on when the connection is back', async () => {
    const { page } = await open(browser, 'about:blank');
    await page.route(/\/v1(\/|$)/, (route) => route.abort());
    await page.goto(`${served.url}/#/queue`);
    await page.getByText('Could not load the collaboration').waitFor();
    await page.unroute(/\/v1(\/|$)/);
    await page.getByText('Nothing waits').waitFor({ timeout: 25_000 });
    expect(await page.getByText('Could not load').count()).toBe(0);
    await page.context().close();
  });
});
