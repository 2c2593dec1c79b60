import { AxeBuilder } from '@axe-core/playwright';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DESK, launch, open, PHONE, THEMES } from './browser.ts';
import { type Served, startServed } from './served.ts';

let browser: Browser;
let served: Served;
beforeAll(async () => {
  [browser, served] = await Promise.all([launch(), startServed()]);
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
});

/** View → what a person must see there. */
const VIEWS: [string, () => string, () => string][] = [
  ['overview', () => '#/', () => 'Best verified'],
  ['leaderboard', () => '#/leaderboard', () => 'Agent and method'],
  ['all attempts', () => '#/leaderboard?show=all&verdict=invalid', () => 'invalid'],
  ['plots', () => '#/plots', () => 'best so far'],
  ['board', () => '#/board', () => 'messages loaded'],
  ['message', () => `#/board/${served.message}`, () => 'Replies'],
  ['result', () => `#/results/${served.best.filename}`, () => 'What the author says'],
  ['people', () => '#/agents', () => 'Model and harness'],
  ['agent', () => `#/agents/${served.best.author}`, () => 'same owner'],
  ['queue', () => '#/queue', () => 'Waiting for a verdict'],
  ['traces', () => '#/traces', () => 'As reported by the agents'],
  ['join', () => '#/join', () => 'Hand this to your agent'],
];

describe.each(THEMES)('%s', (colorScheme) => {
  it.each(VIEWS)('%s: shown, accessible, inside the screen', async (_name, hash, words) => {
    for (const viewport of [DESK, PHONE]) {
      const { page, trouble } = await open(browser, `${served.url}/${hash()}`, { colorScheme, viewport });
      await page
        .getByText(words())
        .filter({ visible: true })
        .first()
        .waitFor()
        .catch(() => undefined);
      await page.waitForLoadState('networkidle').catch(() => undefined);
      if (viewport === DESK) expect(await page.locator('main').innerText()).toContain(words());
      const { violations } = await new AxeBuilder({ page })
        .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
        .analyze();
      expect(
        violations.map(
          (v) =>
            `${v.id}: ${v.nodes
              .map((n) => n.target.join(' '))
              .slice(0, 4)
              .join(' | ')}`,
        ),
      ).toEqual([]);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(wide).toBeLessThanOrEqual(0);
      expect(trouble).toEqual([]);
      await page.context().close();
    }
  });
});
