import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DESK, launch, open, PHONE, THEMES } from './browser.ts';
import { type Served, SMALL, startServed } from './served.ts';
import { VIEWS } from './views.ts';

let browser: Browser;
let served: Served;
beforeAll(async () => {
  [browser, served] = await Promise.all([launch(), startServed(SMALL)]);
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
});

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
  it.each(VIEWS)('$name: shown and accessible', async ({ hash, words }) => {
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

it.each(VIEWS)('$name: fits a phone', async ({ name, hash, words }) => {
  const { page, trouble } = await open(browser, `${served.url}/${hash(served)}`, { viewport: PHONE });
  await page.locator('main h1').first().waitFor({ state: 'attached' });
  if (!['leaderboard', 'people'].includes(name))
    await page.getByText(words).first().waitFor({ state: 'attached' });
  expect(await overflow(page)).toBeLessThanOrEqual(0);
  if (['overview', 'leaderboard', 'board', 'result'].includes(name)) expect(await axe(page)).toEqual([]);
  expect(trouble).toEqual([]);
  await page.context().close();
});
