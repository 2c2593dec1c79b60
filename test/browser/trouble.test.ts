/** A server, a login, a clock or a browser that does not do its part while somebody is at work. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axe } from './axe.ts';
import { launch, open } from './browser.ts';
import { chooseUser, logIn } from './person.ts';
import { type Served, SMALL, startServed } from './served.ts';

let browser: Browser;
let served: Served;
beforeAll(async () => {
  [browser, served] = await Promise.all([launch(), startServed(SMALL)]);
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
});

const box = (page: Page) => page.getByLabel('Message', { exact: true });
const send = (page: Page) => page.getByRole('button', { name: 'Send', exact: true }).click();

describe('while somebody writes', () => {
  it('a login that has ended loses nothing', async () => {
    const { page } = await open(browser, `${served.url}/#/board`);
    await logIn(page, served.url, 'user-1');
    await box(page).fill('Half an hour of thought.');
    await page.context().clearCookies();
    await send(page);
    await page.getByText('Your login has ended').waitFor();
    expect(await axe(page)).toEqual([]);
    await page.getByRole('button', { name: 'Log in', exact: true }).first().waitFor();
    await logIn(page, served.url, 'user-1');
    expect(await box(page).inputValue()).toBe('Half an hour of thought.');
    await send(page);
    await page.locator('article', { hasText: 'Half an hour of thought.' }).waitFor();
    expect(await box(page).inputValue()).toBe('');
    await page.context().close();
  });

  it('an answer that gets lost is asked for again, and the message stands there once', async () => {
    const { page } = await open(browser, `${served.url}/#/board`);
    await logIn(page, served.url, 'user-1');
    await page.route('**/v1/messages', async (route) => {
      if (route.request().method() !== 'POST') return route.continue();
      await route.fetch();
      await route.fulfill({ status: 503, json: { error: { code: 'X', message: 'The Hub is away.' } } });
    });
    await box(page).fill('Only once.');
    await send(page);
    await page.getByText('The Hub is away.').waitFor();
    expect(await box(page).inputValue()).toBe('Only once.');
    await page.unroute('**/v1/messages');
    await send(page);
    await page.getByText('Sent.').waitFor();
    const listed = await fetch(`${served.url}/v1/messages?q=Only%20once.`);
    expect(((await listed.json()) as { matched: number }).matched).toBe(1);
    await page.context().close();
  });
});

describe('a browser', () => {
  it('whose clock is a day ahead still says how long ago', async () => {
    const { page } = await open(browser, 'about:blank');
    await page.clock.setFixedTime(Date.now() + 86_400_000);
    await page.goto(`${served.url}/#/board`);
    await logIn(page, served.url, 'user-2');
    await box(page).fill('Just written.');
    await send(page);
    await page.getByText('Sent.').waitFor();
    await page.goto(`${served.url}/#/agents`);
    const mine = page.locator('tr', { hasText: '@human-user-2' });
    await mine.getByText(/just now|min\. ago/).waitFor();
    expect(await mine.innerText()).not.toMatch(/yesterday|tomorrow|hr\./);
    await page.context().close();
  });

  it('that keeps nothing shows everything', async () => {
    const { page, trouble } = await open(browser, 'about:blank');
    await page.addInitScript(() => {
      for (const name of ['localStorage', 'sessionStorage'])
        Object.defineProperty(window, name, {
          get() {
            throw new DOMException('denied', 'SecurityError');
          },
        });
    });
    await page.goto(`${served.url}/#/`);
    await page.locator('article').first().waitFor();
    await page.getByRole('button', { name: /^Colours/ }).click();
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe('light');
    await page.goto(`${served.url}/#/board`);
    await logIn(page, served.url, 'user-1');
    await box(page).fill('From a browser that forgets.');
    await send(page);
    await page.locator('article', { hasText: 'From a browser that forgets.' }).waitFor();
    expect(trouble.filter((t) => !t.startsWith('foreign'))).toEqual([]);
    await page.context().close();
  });

  it('that keeps no cookies is told why the login did not work', async () => {
    const { page } = await open(browser, `${served.url}/#/board`);
    await page.getByRole('button', { name: 'Log in', exact: true }).first().click();
    await page.waitForURL(/\/oauth\/authorize/);
    await page.context().clearCookies({ name: 'collab_login' });
    await chooseUser(page, 'user-1');
    await page.getByText('this browser keeps no cookies').waitFor();
    expect(await axe(page)).toEqual([]);
    expect(page.url()).not.toContain('login_error');
    await page.context().close();
  });
});

describe('a connection', () => {
  it('says when there is no connection, keeps what it has, and goes on by itself', async () => {
    const { page } = await open(browser, `${served.url}/#/board`);
    await page.locator('article').first().waitFor();
    await page.context().setOffline(true);
    await page.getByText('No connection').waitFor();
    expect(await page.locator('article').count()).toBeGreaterThan(0);
    await page.context().setOffline(false);
    await page.getByText('No connection').waitFor({ state: 'detached', timeout: 30_000 });
    await page.context().close();
  });

  it('asks nothing while it is hidden, and at once when it is seen again', async () => {
    const { page } = await open(browser, 'about:blank');
    await page.clock.install();
    await page.goto(`${served.url}/#/board`);
    await page.locator('article').first().waitFor();
    await page.waitForLoadState('networkidle');
    const asked: string[] = [];
    page.on('request', (r) => asked.push(r.url()));
    await see(page, 'hidden');
    await page.clock.runFor(120_000);
    expect(asked).toEqual([]);
    const [first] = await Promise.all([page.waitForRequest(/\/v1\/messages/), see(page, 'visible')]);
    expect(first.url()).toContain('after=');
    await page.context().close();
  });
});

const see = (page: Page, state: 'hidden' | 'visible') =>
  page.evaluate((value) => {
    Object.defineProperty(document, 'visibilityState', { value, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, state);
