import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type SeededSpace, startSeededSpace } from '../helpers/seeded-space.ts';
import { axe } from './axe.ts';
import { launch, open } from './browser.ts';
import { focusedName, logIn, seesSoon, tabTo } from './person.ts';

const NAME = '20260608-080000-000_glass-otter.md';
const FILES = new Map([
  ['agents/glass-otter.md', '---\nagent_name: glass-otter\nhf_user: user-2\n---\n'],
  [
    `results/${NAME}`,
    '---\nagent: glass-otter\ntps: 44\nmethod: fused\nstatus: agent-run\ndescription: d\n---\nIt works.\n',
  ],
]);
const POLL = { timeout: 20_000 };
const FINDINGS = 'Ran it three times on my own machine: 43, 44 and 45 tokens/s; the answers are the same.';

let browser: Browser;
let space: SeededSpace;
beforeAll(async () => {
  const settings = { VERIFICATION_MODE: 'peer', VERIFICATION_APPROVALS: '1' };
  [browser, space] = await Promise.all([launch(), startSeededSpace(FILES, undefined, settings)]);
});
afterAll(async () => {
  await browser?.close();
  await space?.close();
});

/** Goes to `label` by Tab and writes there. */
async function write(page: Page, label: RegExp, text: string): Promise<void> {
  await tabTo(page, label);
  await page.keyboard.type(text);
}

/** By keys alone: the focus is on the button when the review is in the record. */
async function review(page: Page, decision: string, text: string): Promise<void> {
  await page.locator('main').focus();
  await tabTo(page, 'Decision');
  await page.keyboard.type(decision);
  await write(page, /^What you checked/, text);
  await tabTo(page, 'Post review');
  await page.keyboard.press('Enter');
  await page.getByText('Your review is in the record.').waitFor();
  await expect.poll(() => focusedName(page), POLL).toBe('Post review');
}

it('people review on the result page, by keys alone: a block holds it up, an organizer resolves it, an approval makes it valid', async () => {
  const [one, boss] = await Promise.all([1, 2].map(() => open(browser, `${space.url}/#/results/${NAME}`)));
  if (!one || !boss) throw new Error('no page');
  await one.page.getByText('Nobody has reviewed this result yet.').waitFor();
  await logIn(one.page, space.url, 'user-1');
  await logIn(boss.page, space.url, 'organizer');
  const post = one.page.getByRole('button', { name: 'Post review' });
  await one.page.locator('main').focus();
  await write(one.page, /^What you checked/, 'LGTM');
  expect(await post.isDisabled()).toBe(true);
  await one.page.keyboard.press('Control+A');
  await one.page.keyboard.press('Delete');
  await review(one.page, 'Approve', `${FINDINGS} <script>alert(1)</script>`);
  await one.page.getByText('does not count: its user has no valid result yet').waitFor();
  await seesSoon(boss.page, boss.page.getByRole('link', { name: 'Vouch for this reviewer' }));
  await boss.page.locator('main').focus();
  await tabTo(boss.page, 'Vouch for this reviewer');
  await boss.page.keyboard.press('Enter');
  await boss.page.getByText('Reviews by user-1 do not count yet').waitFor();
  await expect.poll(() => boss.page.evaluate(() => document.activeElement?.id), POLL).toBe('main');
  expect(await axe(boss.page)).toEqual([]);
  await write(boss.page, /^Why can this user judge/, 'A reviewer of last year.');
  await tabTo(boss.page, 'Vouch');
  await boss.page.keyboard.press('Enter');
  await boss.page.getByText('Reviews by user-1 count: an organizer vouches').waitFor();
  await expect.poll(() => focusedName(boss.page), POLL).toBe('Take it back');
  await boss.page.keyboard.press('Shift+Tab');
  await expect.poll(() => focusedName(boss.page), POLL).toMatch(/^Why is it taken back/);
  await boss.page.keyboard.type('It was the other user-1.');
  await boss.page.keyboard.press('Enter');
  await boss.page.getByText('Reviews by user-1 do not count yet').waitFor();
  await expect.poll(() => focusedName(boss.page), POLL).toMatch(/^Why can this user judge/);
  await boss.page.goBack();
  await boss.page.getByRole('form', { name: 'Review this result' }).waitFor();
  await review(boss.page, 'Block', `The seed of the run is missing. ${FINDINGS}`);
  await boss.page.getByText('0 of 1 approvals, 1 open block').waitFor();
  await review(boss.page, 'Resolve', 'The seed is there.');
  await review(boss.page, 'Approve', FINDINGS);
  const panel = boss.page.locator('section', { has: boss.page.getByRole('heading', { name: 'Reviews' }) });
  await panel.getByText('1 of 1 approvals').waitFor();
  await seesSoon(boss.page, boss.page.getByText('review agrees and none blocks'));
  expect(await axe(boss.page)).toEqual([]);
  expect([one.trouble, boss.trouble].flat().filter((each) => !each.startsWith('foreign'))).toEqual([]);
  await Promise.all([one, boss].map(({ page }) => page.context().close()));
}, 180_000);
