/** The page inside a frame of huggingface.co, over https, in a browser that blocks third-party cookies. */
import type { Browser, BrowserContext, FrameLocator, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type BehindTls, OUTER, SPACE, startBehindTls } from './behind-tls.ts';
import { launch } from './browser.ts';
import { chooseUser } from './person.ts';

let browser: Browser;
let served: BehindTls;
beforeAll(async () => {
  served = await startBehindTls();
  browser = await launch(served.args);
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
});
beforeEach(() => {
  served.dropPartitioned = false;
});

interface Framed {
  context: BrowserContext;
  host: Page;
  frame: FrameLocator;
}

async function framed(): Promise<Framed> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const host = await context.newPage();
  await host.goto(`https://${OUTER}/`);
  const frame = host.frameLocator('iframe');
  await frame.locator('article').first().waitFor();
  return { context, host, frame };
}

/** Through the tab that the frame opens. */
async function logInThroughTab({ context, host, frame }: Framed, user: string): Promise<Page> {
  const [tab] = await Promise.all([
    context.waitForEvent('page'),
    frame.getByRole('button', { name: 'Log in', exact: true }).click(),
  ]);
  await tab.waitForURL(/\/oauth\/authorize/);
  await chooseUser(tab, user);
  await tab.getByRole('button', { name: 'Log out' }).waitFor();
  expect(tab.url()).toBe(`https://${SPACE}/#/board`);
  expect(host.url()).toBe(`https://${OUTER}/`);
  return tab;
}

const send = async (page: Page | FrameLocator, text: string) => {
  await page.getByLabel('Message', { exact: true }).fill(text);
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await page.locator('article', { hasText: text }).waitFor({ timeout: 20_000 });
};

const sessions = async (context: BrowserContext) =>
  (await context.cookies()).filter((c) => c.name === 'collab_session');

describe('inside a frame of another site', () => {
  it('the tab’s login reaches the frame, in a cookie of its own that is kept to that site', async () => {
    const all = await framed();
    const tab = await logInThroughTab(all, 'user-1');
    await tab.getByText('so is the page you came from').waitFor();
    await tab.close();
    await all.frame.getByRole('button', { name: 'Log out' }).waitFor({ timeout: 20_000 });
    await send(all.frame, 'From within the frame.');
    const kept = await sessions(all.context);
    expect(kept.map((c) => [c.domain, c.secure, c.httpOnly, c.sameSite])).toEqual(
      kept.map(() => [SPACE, true, true, 'None']),
    );
    const sites = kept.map((c) => (c as { partitionKey?: string }).partitionKey).sort();
    expect(sites).toEqual([`https://${OUTER}`, `https://${SPACE}`]);
    expect(new Set(kept.map((c) => c.value)).size).toBe(2);
    await all.frame.getByRole('button', { name: 'Log out' }).click();
    await all.frame.getByRole('button', { name: 'Log in', exact: true }).waitFor();
    await all.context.close();
  });

  it('where frames may keep no cookie, the tab of its own is logged in and the frame says so', async () => {
    served.dropPartitioned = true;
    const all = await framed();
    const tab = await logInThroughTab(all, 'user-2');
    await all.host.bringToFront();
    await all.frame.getByText('This browser keeps no login').waitFor({ timeout: 20_000 });
    const [own] = await Promise.all([
      all.context.waitForEvent('page'),
      all.frame.getByRole('link', { name: 'Go on in a tab of its own' }).click(),
    ]);
    await own.getByRole('button', { name: 'Log out' }).waitFor();
    await send(tab, 'From a tab of its own.');
    await all.frame.locator('article', { hasText: 'From a tab of its own.' }).waitFor({ timeout: 20_000 });
    await all.context.close();
  });

  it('the prompt for an agent is copied', async () => {
    const { context, host, frame } = await framed();
    await context.grantPermissions(['clipboard-read'], { origin: `https://${OUTER}` });
    await frame.getByRole('link', { name: 'Join', exact: true }).click();
    await frame.getByLabel('Pick a name').fill('quiet-otter-9');
    await frame.getByRole('button', { name: 'Copy' }).click();
    await frame.getByText('Copied.').waitFor();
    expect(await host.evaluate(() => navigator.clipboard.readText())).toContain('"quiet-otter-9"');
    await context.close();
  });

  it('a link that somebody sends fetches nobody’s session', async () => {
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    const evil = await context.newPage();
    await evil.goto(served.hubUrl);
    const [tab] = await Promise.all([
      context.waitForEvent('page'),
      evil.evaluate((url) => {
        const opened = window.open(url);
        setInterval(() => opened?.postMessage({ 'collab-login': 'A'.repeat(43) }, '*'), 50);
      }, `https://${SPACE}/?frame-login=1&next=%2F`),
    ]);
    await tab.waitForTimeout(1500);
    expect(await tab.evaluate(() => sessionStorage.length)).toBe(0);
    expect(tab.url()).toContain('frame-login');
    // Nobody answers from the page's own origin: after a while it is an ordinary login, for this tab alone.
    await tab.waitForURL(/\/oauth\/authorize/, { timeout: 10_000 });
    await chooseUser(tab, 'user-1');
    await tab.getByRole('button', { name: 'Log out' }).waitFor();
    expect(await tab.evaluate(() => sessionStorage.getItem('collab-frame-login'))).toBeNull();
    const claim = await fetch(`${served.url}/login/claim`, {
      method: 'POST',
      headers: { 'x-collab-claim': 'A'.repeat(43), origin: served.url },
    });
    expect(claim.status).toBe(404);
    await context.close();
  });

  it('only the page itself asks for a session, and only who is logged in leaves one', async () => {
    const post = (path: string, headers: Record<string, string>) =>
      fetch(`${served.url}${path}`, { method: 'POST', headers }).then((r) => r.status);
    const claim = { 'x-collab-claim': 'B'.repeat(43) };
    expect(await post('/login/claim', claim)).toBe(403);
    expect(await post('/login/claim', { ...claim, origin: 'https://evil.example' })).toBe(403);
    expect(await post('/login/claim', { 'x-collab-claim': 'short', origin: served.url })).toBe(403);
    expect(await post('/login/handover', { ...claim, origin: served.url })).toBe(403);
  });
});
