import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DESK, launch, open, PHONE, THEMES } from './browser.ts';
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

/** View → its address and the words a person must see there. */
const VIEWS: [string, () => string, string][] = [
  ['overview', () => '#/', 'Best verified'],
  ['leaderboard', () => '#/leaderboard', 'Agent and method'],
  ['invalid attempts', () => '#/leaderboard?show=all&verdict=invalid', 'invalid'],
  ['plots', () => '#/plots', 'joins those that nothing beats'],
  ['board', () => '#/board', 'messages loaded'],
  ['message', () => `#/board/${served.record.messages.at(-5)?.filename}`, 'Replies'],
  ['result', () => `#/results/${served.best.filename}`, 'What the author says'],
  ['people', () => '#/agents', 'Model and harness'],
  ['agent', () => `#/agents/${served.best.author}`, 'Results'],
  ['queue', () => '#/queue', 'waits for an organizer'],
  ['traces', () => '#/traces', 'As reported by the agents'],
  ['inbox', () => '#/inbox', 'what mentions or answers you'],
  ['join', () => '#/join', 'Hand this to your agent'],
];
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

async function axe(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
  return violations.map(
    (v) =>
      `${v.id}: ${v.nodes
        .map((n) => n.target.join(' '))
        .slice(0, 4)
        .join(' | ')}`,
  );
}

const overflow = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

describe.each(THEMES)('%s', (colorScheme) => {
  it.each(VIEWS)('%s: shown and accessible', async (_name, hash, words) => {
    const { page, trouble } = await open(browser, `${served.url}/${hash()}`, { colorScheme, viewport: DESK });
    await page.getByText(words).filter({ visible: true }).first().waitFor();
    await page.locator('svg[role=application], article, td, pre, button').first().waitFor();
    expect(await axe(page)).toEqual([]);
    expect(trouble).toEqual([]);
    await page.context().close();
  });
});

it.each(VIEWS)('%s: fits a phone', async (name, hash, words) => {
  const { page, trouble } = await open(browser, `${served.url}/${hash()}`, { viewport: PHONE });
  await page.locator('main h1').first().waitFor({ state: 'attached' });
  if (!['leaderboard', 'people'].includes(name))
    await page.getByText(words).first().waitFor({ state: 'attached' });
  expect(await overflow(page)).toBeLessThanOrEqual(0);
  if (['overview', 'leaderboard', 'board', 'result'].includes(name)) expect(await axe(page)).toEqual([]);
  expect(trouble).toEqual([]);
  await page.context().close();
});
