import axeCore, { type AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

declare global {
  interface Window {
    axe?: typeof axeCore;
  }
}

/** What axe finds on the page as it stands: rule and places. It stays in the page, which has no frames. */
export async function axe(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axeCore.source);
  const violations = await page.evaluate(async (values) => {
    const options = { runOnly: { type: 'tag' as const, values }, resultTypes: ['violations' as const] };
    return ((await window.axe?.run(document, options)) as AxeResults).violations;
  }, TAGS);
  return violations.map(({ id, nodes }) => {
    const places = nodes.slice(0, 4).map((n) => n.target.join(' '));
    return `${id}: ${places.join(' | ')}`;
  });
}

/** Pixels by which the page is wider than the screen. */
export const overflow = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
