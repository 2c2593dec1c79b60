import type { Locator, Page } from 'playwright-core';
import { until } from '../helpers/hub.ts';

/** Through the embedded hub's own OAuth pages, as a person would. */
export async function logIn(page: Page, url: string, user: string): Promise<void> {
  await page.getByRole('button', { name: 'Log in', exact: true }).first().click();
  await page.waitForURL(/\/oauth\/authorize/);
  await chooseUser(page, user);
  await page.waitForURL((at) => at.href.startsWith(url));
  await page.getByRole('button', { name: 'Log out' }).waitFor();
}

export const chooseUser = (page: Page, user: string): Promise<void> =>
  page.getByRole('button', { name: new RegExp(`${user}\\b`) }).click();

const PATIENCE_MS = 20_000;
/** From one look to the next. */
const LOOK_MS = 500;

/**
 * Waits for news on a page whose tab is looked at again and again, which asks at once: the page's own period is ten
 * seconds. That news come by themselves has tests of its own.
 */
export async function seesSoon(page: Page, news: Locator): Promise<void> {
  const look = async () => {
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    const came = news.first().waitFor({ timeout: LOOK_MS });
    return came.then(() => true).catch(() => false);
  };
  await until(look, PATIENCE_MS);
}

const MAX_TABS = 120;

/** Goes by the Tab key alone, until what has the focus is called so. */
export async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  const seen: string[] = [];
  for (let i = 0; i < MAX_TABS; i++) {
    await page.keyboard.press('Tab');
    const now = await focusedName(page);
    if (typeof name === 'string' ? now === name : name.test(now)) return;
    seen.push(now);
  }
  throw new Error(`Tab never came to ${name}; it went by ${JSON.stringify(seen)}`);
}

/** What has the focus, as it is called; `nothing` when the page has lost it. */
export const focusedName = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const e = document.activeElement as HTMLElement | null;
    if (e === null || e === document.body) return 'nothing';
    const label = (e as HTMLInputElement).labels?.[0];
    const words = [...(label?.childNodes ?? [])].filter((n) => n.nodeType === Node.TEXT_NODE);
    const of = words.map((n) => n.textContent).join('') || label?.innerText;
    return (e.getAttribute('aria-label') ?? of ?? e.innerText).trim();
  });
