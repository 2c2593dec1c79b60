import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axe } from './axe.ts';
import { launch, open } from './browser.ts';
import { focusedName, logIn as logInAt, seesSoon, tabTo } from './person.ts';
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

/** What comes by itself may come late on a busy machine. */
const POLL = { timeout: 20_000 };

const logIn = (page: Page, user: string) => logInAt(page, served.url, user);

const post = async (page: Page, text: string): Promise<void> => {
  await page.getByLabel('Message', { exact: true }).fill(text);
  await page.getByRole('button', { name: 'Send', exact: true }).click();
};

describe('people take part', () => {
  it('log in, come back to where they were, post, and see each other', async () => {
    const [one, two] = await Promise.all([
      open(browser, `${served.url}/#/board`),
      open(browser, `${served.url}/#/board`),
    ]);
    await logIn(one.page, 'user-1');
    expect(one.page.url()).toBe(`${served.url}/#/board`);
    await logIn(two.page, 'user-2');
    await post(one.page, 'Hello @human-user-2, is **anybody** here?');
    await one.page.getByText('Sent').waitFor();
    const arrived = two.page.locator('article', { hasText: 'is anybody here?' });
    await arrived.waitFor({ timeout: 20_000 });
    expect(await arrived.innerText()).toContain('@human-user-1');
    await arrived.getByRole('button', { name: 'Reply' }).click();
    await post(two.page, 'Yes.');
    await seesSoon(one.page, one.page.locator('article', { hasText: 'Yes.' }));
    const unread = two.page.getByRole('link', { name: /Inbox \d+ unread/ });
    await seesSoon(two.page, unread);
    await unread.click();
    await seesSoon(two.page, two.page.locator('article', { hasText: 'is anybody here?' }));
    await two.page.getByRole('link', { name: 'Inbox', exact: true }).waitFor();
    expect(await two.page.evaluate(() => document.cookie)).toBe('');
    const kept = await two.page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
    expect(kept).not.toMatch(/hf_/);
    await two.page.getByRole('button', { name: 'Log out' }).click();
    await two.page.getByRole('button', { name: 'Log in', exact: true }).first().waitFor();
    await Promise.all([one.page.context().close(), two.page.context().close()]);
  });

  it('only an organizer is offered the broadcast, and it is marked', async () => {
    const { page } = await open(browser, `${served.url}/#/board`);
    await logIn(page, 'organizer');
    await page.locator('main').focus();
    await tabTo(page, 'Message');
    await page.keyboard.type('The harness is updated tonight.');
    await tabTo(page, /to every inbox/);
    await page.keyboard.press('Space');
    await tabTo(page, 'Broadcast');
    await page.keyboard.press('Enter');
    await page.getByText('Sent to every inbox.').waitFor();
    // The same button is ready for the next message, which goes to nobody's inbox by accident.
    await expect.poll(() => focusedName(page), POLL).toBe('Send');
    expect(await page.getByLabel('to every inbox').isChecked()).toBe(false);
    const sent = page.locator('article', { hasText: 'The harness is updated tonight.' });
    await sent.waitFor();
    expect(await sent.innerText()).toContain('broadcast');
    await page.context().close();
  });

  it('an organizer judges a result, and everybody sees who, what and why', async () => {
    const waiting = served.record.results.find(
      (r) => r.state === 'pending' && r.frontmatter.status === 'agent-run',
    );
    const [judge, reader] = await Promise.all([
      open(browser, `${served.url}/#/results/${waiting?.filename}`),
      open(browser, `${served.url}/#/results/${waiting?.filename}`),
    ]);
    await reader.page.getByRole('heading', { name: 'Verdict' }).waitFor();
    expect(await reader.page.getByRole('form', { name: 'Judge this result' }).count()).toBe(0);
    await logIn(judge.page, 'organizer');
    const form = judge.page.getByRole('form', { name: 'Judge this result' });
    await form.getByLabel('State').selectOption('invalid');
    await form.getByLabel('Reason').fill('The answers differ after token 40.');
    await form.getByRole('button', { name: 'Record verdict' }).click();
    await judge.page.getByText('The verdict is recorded.').waitFor();
    const seen = reader.page.getByRole('region', { name: 'Verdict' });
    await seesSoon(reader.page, seen.getByText('The answers differ after token 40.'));
    expect(await seen.innerText()).toContain('invalid');
    expect(await seen.innerText()).toContain('organizer');
    await Promise.all([judge.page.context().close(), reader.page.context().close()]);
  });

  it('the owner of a judged result appeals, and everybody sees it', async () => {
    const agents = served.record.agents.filter((a) => a.user === 'user-1').map((a) => a.id);
    const mine = served.record.results.find(
      (r) => agents.includes(r.author) && r.frontmatter.status === 'agent-run',
    );
    const at = `${served.url}/#/results/${mine?.filename}`;
    const [judge, owner, other] = await Promise.all([
      open(browser, at),
      open(browser, at),
      open(browser, at),
    ]);
    await logIn(judge.page, 'organizer');
    const form = judge.page.getByRole('form', { name: 'Judge this result' });
    await form.getByLabel('State').selectOption('invalid');
    await form.getByLabel('Reason').fill('It stops early.');
    await form.getByRole('button', { name: 'Record verdict' }).click();
    await judge.page.getByText('The verdict is recorded.').waitFor();
    await logIn(owner.page, 'user-1');
    await logIn(other.page, 'user-2');
    const appeal = owner.page.getByRole('form', { name: 'Appeal' });
    await appeal.getByLabel('Why should it be looked at again?').fill('The harness cut it off.');
    await appeal.getByRole('button', { name: 'Appeal' }).click();
    await owner.page.getByText('The organizers see your appeal.').waitFor();
    for (const { page } of [judge, other]) {
      const seen = page.getByRole('region', { name: 'Verdict' });
      await seesSoon(page, seen.getByText('The harness cut it off.'));
    }
    expect(await other.page.getByRole('form', { name: 'Appeal' }).count()).toBe(0);
    await Promise.all([judge, owner, other].map(({ page }) => page.context().close()));
  });

  it('inside another site’s frame, the login opens in a tab of its own', async () => {
    const outer = createServer((_, answer) => {
      answer.setHeader('content-type', 'text/html');
      answer.end(
        `<title>outer</title><iframe title="space" width="1200" height="800" src="${served.url}/#/board"></iframe>`,
      );
    });
    await new Promise<void>((done) => outer.listen(0, 'localhost', done));
    const { port } = outer.address() as AddressInfo;
    const context = await browser.newContext();
    const host = await context.newPage();
    await host.goto(`http://localhost:${port}/`);
    const frame = host.frameLocator('iframe');
    await frame.locator('article').first().waitFor();
    const [tab] = await Promise.all([
      context.waitForEvent('page'),
      frame.getByRole('button', { name: 'Log in', exact: true }).click(),
    ]);
    await tab.waitForURL(/\/oauth\/authorize/);
    await tab.getByRole('button', { name: /user-1\b/ }).click();
    await tab.getByRole('button', { name: 'Log out' }).waitFor();
    expect(tab.url()).toBe(`${served.url}/#/board`);
    await post(tab, 'From a tab of its own.');
    await frame.locator('article', { hasText: 'From a tab of its own.' }).waitFor(POLL);
    expect(host.url()).toBe(`http://localhost:${port}/`);
    await context.close();
    await new Promise((done) => outer.close(done));
  });

  it('a mention is completed from the names there are', async () => {
    const { page } = await open(browser, `${served.url}/#/board`);
    await logIn(page, 'user-1');
    const name = served.best.author;
    const box = page.getByLabel('Message', { exact: true });
    await box.click();
    await page.keyboard.type(`thanks @${name.slice(0, -2)}`);
    await page
      .getByRole('option', { name: `@${name}` })
      .first()
      .waitFor();
    // A textarea that is a combobox: the library's choice, which screen readers follow.
    expect((await axe(page)).filter((found) => found !== 'aria-allowed-role: textarea')).toEqual([]);
    await page.keyboard.press('Enter');
    expect(await box.inputValue()).toContain(`@${name}`);
    await page.context().close();
  });
});

describe.concurrent('finding one’s way', () => {
  it('reads what belongs to a result, as text', async ({ expect }) => {
    const { page, trouble } = await open(browser, `${served.url}/#/results/${served.best.filename}`);
    const files = page.getByRole('region', { name: 'Artifacts' });
    await files.getByRole('button', { name: 'logs/run.log' }).click();
    await files.getByText('<b>not bold</b>').waitFor();
    await files.getByRole('button', { name: 'profile.bin' }).click();
    await files.getByText('Not a text.').waitFor();
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      files.getByRole('link', { name: 'Download' }).click(),
    ]);
    expect(file.suggestedFilename()).toBe('profile.bin');
    expect(trouble).toEqual([]);
    await page.context().close();
  });

  it('what a run printed is shown to whom it is for, what the harness measured to everybody', async ({
    expect,
  }) => {
    const { page, trouble } = await open(browser, `${served.url}/#/results/${served.best.filename}`);
    const logs = page.getByRole('region', { name: 'Logs' });
    await logs.getByRole('button', { name: 'Benchmark' }).click();
    await logs.getByText('pass 1: 457 tokens/s').waitFor();
    await logs.getByText('<b>not bold</b>').waitFor();
    await logs.getByText('for the organizers').waitFor();
    const verdict = page.getByRole('region', { name: 'Verdict' });
    await verdict.getByText('What the harness says of this run').click();
    await verdict.getByText('times.audit').waitFor();
    expect(await page.locator('main').innerText()).not.toContain('private prompt');
    await logIn(page, 'user-1');
    await logs.getByText('for the organizers').waitFor();
    expect(await logs.getByRole('button', { name: 'Verification' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('button', { name: 'Log in', exact: true }).waitFor();
    await logIn(page, 'organizer');
    await logs.getByRole('button', { name: 'Verification, first run' }).click();
    await logs.getByText('private prompt 17').waitFor();
    expect(trouble.filter((t) => !t.startsWith('foreign:'))).toEqual([]);
    await page.context().close();
  });

  it('works from the keyboard', async ({ expect }) => {
    const { page } = await open(browser, `${served.url}/#/`);
    await page.locator('article').first().waitFor();
    await page.keyboard.press('2');
    await page.getByRole('heading', { name: 'Leaderboard', level: 1 }).waitFor();
    await page.keyboard.press('/');
    await page.waitForFunction(() => document.activeElement?.hasAttribute('data-search'));
    await page.keyboard.type(served.best.author);
    await page.keyboard.press('Escape');
    await page.locator('td a').first().waitFor();
    await page.locator('main').focus();
    await page.keyboard.press('j');
    await page.waitForFunction(() => document.activeElement?.tagName === 'TR');
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    expect(await axe(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'Keyboard' }).click();
    await page.getByLabel('Single keys do something').uncheck();
    await page.keyboard.press('Escape');
    await page.locator('main').focus();
    await page.keyboard.press('3');
    await page.keyboard.press('?');
    expect(await page.getByRole('dialog').isVisible()).toBe(false);
    expect(page.url()).toContain('#/leaderboard');
    await page.context().close();
  });

  it('one goes through a view by Tab alone, in the order one reads', async ({ expect }) => {
    const { page } = await open(browser, `${served.url}/#/leaderboard`);
    await page.locator('td a').first().waitFor();
    const stops: string[] = [];
    for (let i = 0; i < 26; i++) {
      await page.keyboard.press('Tab');
      stops.push(
        await page.evaluate(() => {
          const e = document.activeElement as HTMLElement | null;
          const seen = e && (getComputedStyle(e).outlineStyle !== 'none' || e.matches('[tabindex="-1"]'));
          return `${seen ? '' : 'unseen '}${(e?.getAttribute('aria-label') ?? e?.innerText ?? '').trim()}`;
        }),
      );
    }
    expect(stops.filter((stop) => stop.startsWith('unseen'))).toEqual([]);
    const order = ['Skip to content', 'The Gemma challenge', 'Refresh', 'Join', 'Overview', 'Leaderboard'];
    expect(stops.filter((stop) => order.includes(stop))).toEqual(order);
    expect(stops.indexOf('CSV')).toBeGreaterThan(stops.indexOf('Lossless'));
    await page.getByRole('link', { name: 'Plots', exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Plots', level: 1 }).waitFor();
    await page.waitForFunction(() => document.activeElement?.id === 'main');
    expect(await page.title()).toBe('Plots · The Gemma challenge');
    await page.context().close();
  });

  it('nothing moves for who wants it still, and a wide screen is used', async ({ expect }) => {
    const { page } = await open(browser, `${served.url}/#/`, {
      reducedMotion: 'reduce',
      viewport: { width: 3840, height: 2160 },
    });
    await page.locator('svg path.stair').waitFor();
    const moving = await page.evaluate(
      () =>
        [...document.querySelectorAll('*')].filter((e) => {
          const { animationDuration, transitionDuration } = getComputedStyle(e);
          return [animationDuration, transitionDuration].some((d) => Number.parseFloat(d) > 0.01);
        }).length,
    );
    expect(moving).toBe(0);
    expect(await page.evaluate(() => document.querySelector('main')?.clientWidth)).toBeGreaterThan(2400);
    await page.context().close();
  });

  it('filters the board and marks what it found', async ({ expect }) => {
    const { page } = await open(browser, `${served.url}/#/board`);
    await page.locator('article').first().waitFor();
    await page.getByLabel('Filter messages').fill('negative result');
    await page.getByText(/^\d+ \/ \d+$/).waitFor();
    const texts = await page.locator('article').allInnerTexts();
    expect(texts.length).toBeGreaterThan(0);
    for (const text of texts) expect(text.toLowerCase()).toContain('negative result');
    await page.waitForFunction(() => (CSS.highlights.get('found')?.size ?? 0) > 0);
    await page.getByLabel('Filter messages').fill('no such words anywhere');
    await page.getByText('No matches').waitFor();
    await page.context().close();
  });

  it('what one looks for stands in the address, and "back" leads to where one was', async ({ expect }) => {
    const { page } = await open(browser, `${served.url}/#/board?q=negative%20result`);
    await page.getByText(/^\d+ \/ \d+$/).waitFor();
    expect(await page.getByLabel('Filter messages').inputValue()).toBe('negative result');
    await page.goto(`${served.url}/#/leaderboard`);
    await page.locator('td a').first().waitFor();
    const division = page.getByRole('button', { name: 'Open', exact: true });
    await division.click();
    await page.waitForURL(/division=open/);
    expect(await division.evaluate((button) => document.activeElement === button)).toBe(true);
    await page.getByLabel('Filter rows').fill('otter');
    await page.waitForURL(/q=otter/);
    const last = page.locator('td a.score').last();
    await last.scrollIntoViewIfNeeded();
    const before = await page.evaluate(() => window.scrollY);
    await last.click();
    await page.getByRole('heading', { name: 'Verdict' }).waitFor();
    await page.waitForFunction(() => window.scrollY === 0);
    await page.goBack();
    await page.waitForFunction((y) => Math.abs(window.scrollY - y) < 2, before);
    const words = () => page.getByLabel('Filter rows').inputValue();
    expect(await words()).toBe('otter');
    await page.goBack();
    await page.waitForURL(/#\/leaderboard$/);
    await expect.poll(words, POLL).toBe('');
    await page.context().close();
  });

  it('replies and a person’s messages are all there, also those that the board has not loaded', async ({
    expect,
  }) => {
    const { messages } = served.record;
    const names = new Set(messages.map((m) => m.filename));
    const refsOf = (m: (typeof messages)[number]) => (m.frontmatter.refs as string[] | undefined) ?? [];
    const reply = messages.find((m) => refsOf(m).some((ref) => names.has(ref)));
    const asked = reply && refsOf(reply).find((ref) => names.has(ref));
    expect(messages.findIndex((m) => m === reply)).toBeLessThan(messages.length - 100);
    const { page } = await open(browser, `${served.url}/#/board/${asked}`);
    const replies = page.locator('section', { has: page.getByRole('heading', { name: 'Replies' }) });
    await replies.locator(`article a[href$="${reply?.filename}"]`).first().waitFor();
    await page.goto(`${served.url}/#/agents/${reply?.author}`);
    const said = page.locator('section', { has: page.getByRole('heading', { name: 'Messages' }) });
    await said.locator(`article a[href$="${reply?.filename}"]`).first().waitFor();
    const own = messages.filter((m) => m.author === reply?.author).length;
    await expect.poll(() => said.locator('article').count(), POLL).toBe(own);
    await page.context().close();
  });

  it('a plot opens the result that is clicked, and zooms', async ({ expect }) => {
    const { page } = await open(browser, `${served.url}/#/plots`);
    const plot = page.getByRole('application', { name: 'over time' });
    await plot.focus();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('status').filter({ hasText: 'tokens/s' }).waitFor();
    const axes = () => plot.locator('.axes').innerHTML();
    for (const key of ['+', '+', 'Shift+ArrowRight']) {
      const before = await axes();
      await page.keyboard.press(key);
      await expect.poll(axes, POLL).not.toBe(before);
    }
    const wide = await axes();
    await page.setViewportSize({ width: 1000, height: 800 });
    await expect.poll(axes, POLL).not.toBe(wide);
    await page.getByRole('button', { name: 'Whole span' }).waitFor();
    await page.keyboard.press('0');
    await page.getByRole('button', { name: 'Whole span' }).waitFor({ state: 'detached' });
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await page.waitForURL(/#\/results\//);
    await page.getByRole('heading', { name: 'Verdict' }).waitFor();
    expect(page.url()).toContain('.md');
    await page.context().close();
  });

  it('B9: names for agents are those the server takes', async ({ expect }) => {
    const { page } = await open(browser, `${served.url}/#/join`);
    const name = page.getByLabel('Pick a name');
    for (const [text, problem] of [
      ['Byte_Bandit', 'lowercase'],
      ['human-x', 'reserved'],
      [served.best.author, 'taken'],
      ['9lives', ''],
      ['a', ''],
    ] as const) {
      await name.fill(text);
      const said = () => page.locator('#agent-problem').innerText();
      await expect.poll(said, POLL).toContain(problem);
      const copy = page.getByRole('button', { name: 'Copy' });
      await expect.poll(() => copy.isDisabled(), POLL).toBe(problem !== '');
    }
    await page.context().close();
  });

  it('a name tells who it is, to the pointer and to the keyboard', async ({ expect }) => {
    const { page } = await open(browser, `${served.url}/#/board`);
    const name = page.locator(`article a[data-handle="${served.record.messages.at(-1)?.author}"]`).first();
    const card = page.getByRole('tooltip');
    await name.hover();
    await card.getByText('last seen').waitFor();
    await card.hover();
    expect(await card.isVisible()).toBe(true);
    expect(await axe(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await card.waitFor({ state: 'detached' });
    await page.getByLabel('Filter messages').focus();
    const focused = (name: string) => page.evaluate((n) => document.activeElement?.getAttribute(n), name);
    for (let i = 0; i < 12 && (await focused('data-handle')) === null; i++) await page.keyboard.press('Tab');
    await card.waitFor();
    expect(await focused('aria-describedby')).toBe('person-card');
    await page.context().close();
  });

  it('the filter completes names as the composer does', async ({ expect }) => {
    const { page } = await open(browser, `${served.url}/#/board`);
    await page.locator('article').first().waitFor();
    const filter = page.getByLabel('Filter messages');
    await filter.click();
    await page.keyboard.type(`@${served.best.author.slice(0, -2)}`);
    await page
      .getByRole('option', { name: `@${served.best.author}` })
      .first()
      .waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('option').first().waitFor({ state: 'detached' });
    expect(await filter.inputValue()).toBe(`@${served.best.author.slice(0, -2)}`);
    await filter.fill('');
    await page.keyboard.type(`@${served.best.author.slice(0, -1)}`);
    await page
      .getByRole('option', { name: `@${served.best.author}` })
      .first()
      .waitFor();
    await page.keyboard.press('Enter');
    expect((await filter.inputValue()).trim()).toBe(`@${served.best.author}`);
    await page.getByText(/^\d+ \/ \d+$/).waitFor();
    await page.getByRole('button', { name: 'Clear the filter' }).click();
    expect(await filter.inputValue()).toBe('');
    await page.context().close();
  });

  it('the message board is as wide as one wants, and stays so', async ({ expect }) => {
    const { page } = await open(browser, `${served.url}/#/`);
    const divider = page.getByRole('separator', { name: 'Width of the message board' });
    const column = page.getByRole('region', { name: 'Message board' });
    const width = async () => Math.round((await column.boundingBox())?.width ?? 0);
    await column.locator('article').first().waitFor();
    await page.waitForLoadState('networkidle');
    const usual = await width();
    await divider.focus();
    await page.keyboard.press('ArrowLeft');
    await expect.poll(width, POLL).toBe(usual + 16);
    const box = (await divider.boundingBox()) ?? { x: 0, y: 0 };
    await page.mouse.move(box.x + 6, 300);
    await page.mouse.down();
    await page.mouse.move(box.x + 86, 300, { steps: 4 });
    await page.mouse.up();
    await expect.poll(width, POLL).toBeLessThan(usual - 40);
    const dragged = await width();
    await page.reload();
    await column.locator('article').first().waitFor();
    await expect.poll(width, POLL).toBe(dragged);
    await divider.dblclick();
    await expect.poll(width, POLL).toBe(usual);
    await page.context().close();
  });

  it('the overview shows ten rows and more on demand', async ({ expect }) => {
    const { page } = await open(browser, `${served.url}/#/`);
    const rows = page.getByRole('region', { name: 'Leaderboard' }).locator('tbody tr');
    await rows.first().waitFor();
    const shown = () => rows.count();
    expect(await shown()).toBe(10);
    await page.getByRole('button', { name: /^See more \(/ }).click();
    await expect.poll(shown, POLL).toBeGreaterThan(10);
    await page.getByRole('button', { name: 'See less' }).first().click();
    await expect.poll(shown, POLL).toBe(10);
    await page.getByText('baseline 44.00').waitFor();
    await page.context().close();
  });

  it('saves the board as CSV and the plot as SVG', async ({ expect }) => {
    const { page } = await open(browser, `${served.url}/#/leaderboard`);
    const [csv] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'CSV' }).click(),
    ]);
    expect(csv.suggestedFilename()).toBe('gemma-leaderboard.csv');
    await page.goto(`${served.url}/#/plots`);
    await page.locator('svg path.stair').waitFor();
    const [svg] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'SVG' }).first().click(),
    ]);
    expect(svg.suggestedFilename()).toBe('gemma-scores.svg');
    const [png] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'PNG' }).first().click(),
    ]);
    expect(png.suggestedFilename()).toBe('gemma-scores.png');
    await page.context().close();
  });
});
