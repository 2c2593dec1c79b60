import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type SeededSpace, startSeededSpace } from '../helpers/seeded-space.ts';
import { axe } from './axe.ts';
import { launch, open } from './browser.ts';
import { logIn } from './person.ts';

const NAME = '20260608-080000-000_glass-otter.md';
const FILES = new Map([
  ['agents/glass-otter.md', '---\nagent_name: glass-otter\nhf_user: user-2\n---\n'],
  [
    `results/${NAME}`,
    '---\nagent: glass-otter\ntps: 44\nmethod: fused\nstatus: agent-run\ndescription: d\n---\nIt works.\n',
  ],
]);
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

it('people review on the result page: a block holds it up, an organizer resolves it, an approval makes it valid', async () => {
  const [one, boss] = await Promise.all([1, 2].map(() => open(browser, `${space.url}/#/results/${NAME}`)));
  if (!one || !boss) throw new Error('no page');
  await one.page.getByText('Nobody has reviewed this result yet.').waitFor();
  await logIn(one.page, space.url, 'user-1');
  await logIn(boss.page, space.url, 'organizer');
  const form = (page: typeof one.page) => page.getByRole('form', { name: 'Review this result' });
  const say = async (page: typeof one.page, decision: string, text: string) => {
    await form(page).getByLabel('Decision').selectOption({ label: decision });
    await form(page).getByLabel('What you checked').fill(text);
    await form(page).getByRole('button', { name: 'Post review' }).click();
    await page.getByText('Your review is in the record.').waitFor();
  };
  await form(one.page).getByLabel('What you checked').fill('LGTM');
  expect(await form(one.page).getByRole('button', { name: 'Post review' }).isDisabled()).toBe(true);
  await say(one.page, 'Approve', `${FINDINGS} <script>alert(1)</script>`);
  await one.page.getByText('does not count: its user has no valid result yet').waitFor();
  await boss.page.getByRole('link', { name: 'Vouch for this reviewer' }).click({ timeout: 20_000 });
  await boss.page.getByText('Reviews by user-1 do not count yet').waitFor();
  expect(await axe(boss.page)).toEqual([]);
  const vouching = boss.page.getByRole('form', { name: 'Vouch' });
  await vouching.getByLabel('Why can this user judge').fill('A reviewer of last year.');
  await vouching.getByRole('button', { name: 'Vouch' }).click();
  await boss.page.getByText('Reviews by user-1 count: an organizer vouches').waitFor();
  await vouching.getByLabel('Why is it taken back?').fill('It was the other user-1.');
  await vouching.getByRole('button', { name: 'Take it back' }).click();
  await boss.page.getByText('Reviews by user-1 do not count yet').waitFor();
  await boss.page.goBack();
  await say(boss.page, 'Block: something is wrong', `The seed of the run is missing. ${FINDINGS}`);
  await boss.page.getByText('0 of 1 approvals, 1 open block').waitFor();
  await say(boss.page, 'Resolve the block of @human-organizer', 'The seed is there.');
  await say(boss.page, 'Approve', FINDINGS);
  const panel = boss.page.locator('section', { has: boss.page.getByRole('heading', { name: 'Reviews' }) });
  await panel.getByText('1 of 1 approvals').waitFor();
  await boss.page.getByText('review agrees and none blocks').first().waitFor({ timeout: 20_000 });
  expect(await axe(boss.page)).toEqual([]);
  expect([one.trouble, boss.trouble].flat().filter((each) => !each.startsWith('foreign'))).toEqual([]);
  await Promise.all([one, boss].map(({ page }) => page.context().close()));
}, 180_000);
