/** People who enlarge, who space out text, whose system sets the colours, and who have no pointer. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axe, overflow } from './axe.ts';
import { launch, open } from './browser.ts';
import { logIn } from './person.ts';
import { type Served, SMALL, startServed } from './served.ts';
import { VIEWS } from './views.ts';

let browser: Browser;
let served: Served;
let organizer: BrowserContextOptions['storageState'];
beforeAll(async () => {
  [browser, served] = await Promise.all([launch(), startServed(SMALL)]);
  const { page } = await open(browser, `${served.url}/#/board`);
  await logIn(page, served.url, 'organizer');
  organizer = await page.context().storageState();
  await page.context().close();
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
});

const POLL = { timeout: 20_000 };

/** What the list draws anew has its sizes: until then it may still move. */
async function still(page: Page): Promise<void> {
  const place = () => page.evaluate(() => `${scrollY} of ${document.documentElement.scrollHeight}`);
  let before = '';
  const unmoved = async () => {
    const now = await place();
    const isSame = now === before;
    before = now;
    return isSame;
  };
  await expect.poll(unmoved, { ...POLL, interval: 200 }).toBe(true);
}

/** Goes through every view on one page. */
async function through(page: Page, look: (name: string) => Promise<void>): Promise<void> {
  for (const { name, words, hash } of VIEWS) {
    await page.evaluate((to) => {
      location.hash = to;
    }, hash(served));
    await page
      .getByText(name === 'inbox' ? 'Nothing for @human-organizer yet' : words)
      .first()
      .waitFor({ state: 'attached' });
    await look(name);
  }
}

/** Controls whose words do not fit into them. */
const cut = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('.btn, .seg > *, .verdict, nav a, th')]
      .filter((e) => e.offsetParent !== null && getComputedStyle(e).overflowX !== 'visible')
      .filter((e) => e.scrollWidth > e.clientWidth + 1)
      .map((e) => e.innerText),
  );

const SPACED =
  '* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important } p { margin-bottom: 2em !important }';

describe('every view', () => {
  it('is read without scrolling sideways when it is enlarged four times', async () => {
    const viewport = { width: 320, height: 256 };
    const { page } = await open(browser, `${served.url}/#/`, { viewport, storageState: organizer });
    await page.getByRole('button', { name: 'Log out' }).waitFor();
    await through(page, async (name) => {
      await expect.poll(() => overflow(page), { ...POLL, message: name }).toBeLessThanOrEqual(0);
    });
    // What stays in sight would hide most of such a screen.
    const header = page.locator('header').first();
    expect(await header.evaluate((e) => getComputedStyle(e).position)).toBe('static');
    for (const link of await page.getByRole('navigation').getByRole('link').all()) {
      const box = await link.boundingBox();
      expect((box?.x ?? 999) + (box?.width ?? 0)).toBeLessThanOrEqual(320);
    }
    await page.context().close();
  });

  it('keeps its words when text is spaced out', async () => {
    const viewport = { width: 360, height: 780 };
    const { page } = await open(browser, `${served.url}/#/`, {
      viewport,
      storageState: organizer,
      bypassCSP: true,
    });
    await page.addStyleTag({ content: SPACED });
    await page.getByRole('button', { name: 'Log out' }).waitFor();
    await through(page, async (name) => {
      await expect.poll(() => overflow(page), { ...POLL, message: name }).toBeLessThanOrEqual(0);
      expect(await cut(page), name).toEqual([]);
    });
    await page.context().close();
  });

  it('can be told by lines alone where the system sets the colours', async () => {
    const { page } = await open(browser, `${served.url}/#/leaderboard`, {
      forcedColors: 'active',
      colorScheme: 'dark',
      storageState: organizer,
    });
    await page.locator('td a').first().waitFor();
    const colour = (of: string) =>
      page.evaluate((name) => {
        const probe = document.body.appendChild(document.createElement('i'));
        probe.style.cssText = `forced-color-adjust: none; color: ${name}`;
        const found = getComputedStyle(probe).color;
        probe.remove();
        return found;
      }, of);
    const style = (selector: string, name: string) =>
      page
        .locator(selector)
        .first()
        .evaluate((e, n) => getComputedStyle(e).getPropertyValue(n), name);
    expect(await style('.seg [aria-pressed=true]', 'background-color')).toBe(await colour('Highlight'));
    expect(await style('nav a:not([aria-current])', 'border-bottom-color')).toBe(await colour('Canvas'));
    expect(await style('nav a[aria-current]', 'border-bottom-color')).not.toBe(await colour('Canvas'));
    expect(await style('.verdict', 'outline-style')).toBe('solid');
    await page.locator('main').focus();
    await page.keyboard.press('j');
    expect(await style('tr[data-item]:focus', 'outline-style')).toBe('solid');
    await page.keyboard.press('3');
    await page.locator('svg path.stair').waitFor();
    expect(await style('path.stair', 'stroke')).toBe(await colour('LinkText'));
    expect(await style('path.mark.valid', 'fill')).toBe(await colour('CanvasText'));
    expect(await axe(page)).toEqual([]);
    await page.context().close();
  });
});

const focused = (page: Page) =>
  page.evaluate(() => {
    const e = document.activeElement as HTMLElement | null;
    return e === document.body ? 'nothing' : (e?.getAttribute('aria-label') ?? e?.innerText.trim() ?? '');
  });
const focusIs = (page: Page, wanted: string | RegExp) =>
  expect.poll(() => focused(page), POLL).toMatch(wanted);

describe('without a pointer', () => {
  it('an answer is written where the keyboard then is, and nothing one does loses the place', async () => {
    const { page } = await open(browser, `${served.url}/#/board`);
    await logIn(page, served.url, 'user-1');
    await page.locator('article').first().waitFor();
    const reply = page.locator('article').nth(2).getByRole('button', { name: 'Reply' });
    await reply.focus();
    await page.keyboard.press('Enter');
    await focusIs(page, /^Message$/);
    await page.keyboard.press('Shift+Tab');
    await focusIs(page, 'Do not quote');
    await page.keyboard.press('Enter');
    await focusIs(page, /^Message$/);
    await page.keyboard.type('By keyboard alone.');
    await page.getByRole('button', { name: 'Preview' }).focus();
    await page.keyboard.press('Enter');
    await focusIs(page, 'Edit');
    await page.keyboard.press('Tab');
    await focusIs(page, 'Send');
    await page.keyboard.press('Enter');
    await page.getByText('Sent.').waitFor();
    await focusIs(page, 'Send');
    await page.getByLabel('Filter messages').fill('keyboard');
    await page.getByRole('button', { name: 'Clear the filter' }).focus();
    await page.keyboard.press('Enter');
    await focusIs(page, 'Filter messages');
    await page.getByRole('button', { name: 'Log out' }).focus();
    await page.keyboard.press('Enter');
    await focusIs(page, /^Log in$/);
    await page.context().close();
  });

  it('j and k go on from what is seen, and "back" leads to the link one took', async () => {
    const { page } = await open(browser, `${served.url}/#/leaderboard?show=all`);
    const link = page.locator('td a.score').nth(30);
    await link.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Verdict' }).waitFor();
    await page.goBack();
    await expect.poll(() => link.evaluate((e) => e === document.activeElement), POLL).toBe(true);
    await page.evaluate(() => (document.activeElement as HTMLElement).blur());
    await page.keyboard.press('j');
    const top = await page.evaluate(() => document.activeElement?.getBoundingClientRect().top ?? -1);
    expect(top).toBeGreaterThan(0);
    expect(top).toBeLessThan(860);
    await page.context().close();
  });

  it('End, Home and the wheel on the board leave the keyboard in the list, where one then is', async () => {
    const { page } = await open(browser, `${served.url}/#/board`);
    await page.locator('article').first().waitFor();
    await page.locator('main').focus();
    await page.keyboard.press('j');
    const first = await page.evaluate(() => document.activeElement?.textContent);
    const nearby = () =>
      page.evaluate(() => {
        const e = document.activeElement;
        const { top = -1 } = e?.getBoundingClientRect() ?? {};
        const near = top > -innerHeight && top < 2 * innerHeight;
        return e?.tagName === 'ARTICLE' && near ? e.textContent : null;
      });
    const far = (y: number) => y > 600;
    const steps = [
      { go: () => page.keyboard.press('End'), there: far, not: first },
      { go: () => page.keyboard.press('Home'), there: (y: number) => !far(y), not: undefined },
      { go: () => page.mouse.wheel(0, 4000), there: far, not: first },
    ];
    for (const { go, there, not } of steps) {
      await go();
      await expect.poll(async () => there(await page.evaluate(() => scrollY)), POLL).toBe(true);
      await still(page);
      await expect.poll(async () => ![null, not].includes(await nearby()), POLL).toBe(true);
    }
    await page.context().close();
  });

  it('what arrives while one reads further down moves nothing', async () => {
    const { page } = await open(browser, `${served.url}/#/board`);
    await page.locator('article').first().waitFor();
    await page.locator('main').focus();
    const place = () =>
      page.evaluate(() => [
        Math.round(document.activeElement?.getBoundingClientRect().top ?? -1),
        document.activeElement?.textContent?.slice(0, 60),
      ]);
    for (let i = 0; i < 12; i++) await page.keyboard.press('j');
    await expect.poll(() => page.evaluate(() => window.scrollY), POLL).toBeGreaterThan(600);
    let before = await place();
    await expect
      .poll(async () => {
        const now = await place();
        const still = JSON.stringify(now) === JSON.stringify(before);
        before = now;
        return still;
      }, POLL)
      .toBe(true);
    const writer = await open(browser, `${served.url}/#/board`);
    await logIn(writer.page, served.url, 'user-2');
    await writer.page.getByLabel('Message', { exact: true }).fill('News from elsewhere.');
    await writer.page.getByRole('button', { name: 'Send', exact: true }).click();
    await writer.page.getByText('Sent.').waitFor();
    await page.keyboard.press('r');
    await page.getByRole('button', { name: '1 new' }).waitFor();
    expect(await place()).toEqual(before);
    await Promise.all([page.context().close(), writer.page.context().close()]);
  });
});

it('a late answer about another result is not taken for this one’s', async () => {
  const [one, two] = served.record.results.slice(-2).map((r) => r.filename) as [string, string];
  const { page } = await open(browser, 'about:blank');
  let release = () => {};
  const held = new Promise<void>((go) => {
    release = go;
  });
  await page.route(`**/v1/results/${one}`, async (route) => {
    await held;
    await route.continue();
  });
  await page.goto(`${served.url}/#/results/${one}`);
  await page.getByText('Loading the result').waitFor();
  await page.evaluate((to) => {
    location.hash = `#/results/${to}`;
  }, two);
  await page.getByText(two).first().waitFor();
  const [late] = await Promise.all([page.waitForResponse(`**/v1/results/${one}`), release()]);
  await late.finished();
  await expect.poll(() => page.getByText(one).count(), POLL).toBe(0);
  expect(await page.getByText(two).count()).toBeGreaterThan(0);
  await page.context().close();
});
