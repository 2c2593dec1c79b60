import type { Browser, BrowserContextOptions } from 'playwright-core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { axe, overflow } from './axe.ts';
import { DESK, launch, open, PHONE, THEMES } from './browser.ts';
import { logIn } from './person.ts';
import { type Served, SMALL, startServed } from './served.ts';
import { VIEWS } from './views.ts';

let browser: Browser;
let served: Served;
let person: BrowserContextOptions['storageState'];
beforeAll(async () => {
  [browser, served] = await Promise.all([launch(), startServed(SMALL)]);
  const { page } = await open(browser, `${served.url}/#/board`);
  await logIn(page, served.url, 'user-1');
  person = await page.context().storageState();
  await page.context().close();
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
});

describe.concurrent.each(THEMES)('%s', (colorScheme) => {
  it.for(VIEWS)('$name: shown and accessible', async ({ hash, words }, { expect }) => {
    const { page, trouble } = await open(browser, `${served.url}/${hash(served)}`, {
      colorScheme,
      viewport: DESK,
    });
    await page.getByText(words).filter({ visible: true }).first().waitFor();
    await page.locator('svg[role=application], article, td, pre, button').first().waitFor();
    expect(await axe(page)).toEqual([]);
    expect(trouble).toEqual([]);
    await page.context().close();
  });
});

describe.concurrent('a phone of somebody who is logged in', () => {
  it.for(VIEWS)('$name fits', async ({ name, hash, words }, { expect }) => {
    const at = `${served.url}/${hash(served)}`;
    const { page, trouble } = await open(browser, at, { viewport: PHONE, storageState: person });
    await page.locator('main h1').first().waitFor({ state: 'attached' });
    await page.getByRole('button', { name: 'Log out' }).waitFor();
    await page
      .getByText(name === 'inbox' ? 'Reply' : words)
      .first()
      .waitFor({ state: 'attached' });
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    if (['overview', 'leaderboard', 'board', 'result'].includes(name)) expect(await axe(page)).toEqual([]);
    expect(trouble).toEqual([]);
    await page.context().close();
  });
});
