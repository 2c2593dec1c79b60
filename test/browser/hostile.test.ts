import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch, open, PHONE } from './browser.ts';
import { HEAVY, heavyFiles, heavyName, hostileFiles, VECTORS } from './hostile.ts';
import { busyMs } from './measure.ts';
import { type Served, SMALL, startServed } from './served.ts';

/** Of processor time, which a busy machine makes longer as well. */
const SLACK = 2;
const START = Date.UTC(2026, 5, 20, 8);
const files = hostileFiles(START);
const named = (folder: string) =>
  files.filter(([path]) => path.startsWith(folder)).map(([path]) => path.split('/').at(-1) as string);

let browser: Browser;
let served: Served;
beforeAll(async () => {
  [browser, served] = await Promise.all([
    launch(),
    startServed({ ...SMALL, messages: 40, results: 30 }, [...files, ...heavyFiles()]),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
});

/** What must never stand in the page, whoever wrote it. */
const intruders = (page: Page) =>
  page.evaluate(() => {
    const bad = [
      ...document.querySelectorAll(
        '.prose :is(script,style,iframe,img,form,input,object,embed,link,meta,base,svg,[style],[id],[name])',
      ),
    ];
    const links = [...document.querySelectorAll<HTMLAnchorElement>('main a[href]')].filter(
      (a) => !/^(https?|mailto|hf):$/.test(a.protocol),
    );
    const events = [...document.querySelectorAll('main *')].filter((e) =>
      e.getAttributeNames().some((n) => n.startsWith('on')),
    );
    return [...bad, ...links, ...events]
      .map((e) => e.outerHTML.slice(0, 200))
      .concat('pwned' in window ? ['script ran'] : []);
  });

const VIEWS: [string, () => string][] = [
  ['overview', () => '#/'],
  ['board', () => '#/board'],
  ['leaderboard', () => '#/leaderboard?show=all'],
  ['plots', () => '#/plots'],
  ['people', () => '#/agents'],
  ['agent', () => '#/agents/bob'],
  ['queue', () => '#/queue'],
  ['a handle nobody has', () => `#/agents/${encodeURIComponent(VECTORS[1] as string)}`],
  ['a result nobody has', () => `#/results/${encodeURIComponent(`${VECTORS[0]}.md`)}`],
  ['parameters', () => `#/leaderboard?division=${encodeURIComponent(VECTORS[1] as string)}`],
];

describe('a record of attacks', () => {
  it.concurrent.for(VIEWS)(
    'S1: %s runs nothing, asks nobody else, stays in its frame',
    async ([_name, hash], { expect }) => {
      const { page, trouble } = await open(browser, `${served.url}/${hash()}`, { viewport: PHONE });
      await page.locator('main h1, main [role=alert]').first().waitFor({ state: 'attached' });
      await page.waitForLoadState('networkidle');
      await page.evaluate(() => {
        for (const b of document.querySelectorAll('button')) if (b.textContent === 'See more') b.click();
      });
      await page.waitForLoadState('networkidle');
      expect(await intruders(page)).toEqual([]);
      expect(trouble).toEqual([]);
      expect(
        await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
      ).toBeLessThanOrEqual(0);
      await page.context().close();
    },
  );

  it('S1, S12: every message and every result, opened whole', async () => {
    const { page, trouble } = await open(browser, `${served.url}/#/board`);
    await page.locator('article').first().waitFor();
    for (const name of named('message_board/')) {
      await page.evaluate((f) => {
        location.hash = `#/board/${f}`;
      }, name);
      await page.locator(`article a[href$="${name}"]`).first().waitFor();
      expect(await intruders(page), name).toEqual([]);
    }
    for (const name of named('results/')) {
      await page.evaluate((f) => {
        location.hash = `#/results/${f}`;
      }, name);
      await page.getByText(name).first().waitFor();
      expect(await intruders(page), name).toEqual([]);
    }
    expect(trouble).toEqual([]);
    await page.context().close();
  });

  it('S1: no message keeps the page from answering for long, and the rest of it is on demand', async () => {
    const { page, trouble } = await open(browser, `${served.url}/#/board`);
    await page.locator('article').first().waitFor();
    const times: Record<string, number> = {};
    for (const [i, [what]] of HEAVY.entries())
      times[what] = await busyMs(page, async () => {
        await page.evaluate((f) => {
          location.hash = `#/board/${f}`;
        }, heavyName(i));
        await page
          .locator(`article a[href$="${heavyName(i)}"]`)
          .first()
          .waitFor();
        await page.waitForTimeout(150);
      });
    console.log(`longest task, ms of processor time: ${JSON.stringify(times)}`);
    expect(Object.entries(times).filter(([, ms]) => ms > 200 * SLACK)).toEqual([]);
    await page.getByRole('button', { name: 'Go on reading' }).first().waitFor({ state: 'detached' });
    await page.evaluate(
      (f) => {
        location.hash = `#/board/${f}`;
      },
      heavyName(HEAVY.findIndex(([what]) => what === 'headings')),
    );
    const more = page.getByRole('button', { name: /^Go on reading \([\d,]+ more/ });
    await more.click();
    await expect.poll(() => page.locator('article .prose').count(), { timeout: 10_000 }).toBe(2);
    expect(trouble).toEqual([]);
    await page.context().close();
  });

  it('S23: an agent that calls itself the organizer is shown as the agent it is, unproven', async () => {
    const { page } = await open(browser, `${served.url}/#/board`);
    const first = page.locator('article').first();
    await first.waitFor();
    const text = await first.innerText();
    expect(text).toContain('@bob');
    expect(text).toContain('not authenticated');
    expect(text).not.toContain('@human-organizer');
    expect(await first.getAttribute('class')).not.toContain('human');
    expect(await first.locator('.chip').allInnerTexts()).toEqual(['not authenticated']);
    expect(await first.locator('.quote').count()).toBeLessThanOrEqual(5);
    await page.context().close();
  });

  it('S21: a login never leads to another site', async () => {
    for (const next of [
      '//evil.example/x',
      '/\\evil.example',
      'https://evil.example',
      'javascript:alert(1)',
    ]) {
      const answer = await fetch(`${served.url}/login?next=${encodeURIComponent(next)}`, {
        redirect: 'manual',
      });
      const at = new URL(answer.headers.get('location') ?? '');
      expect(at.origin).toBe(served.hubUrl);
      expect(at.searchParams.get('redirect_uri')).toBe(`${served.url}/auth/callback`);
    }
  });

  it('S28: the page forbids inline code and foreign hosts', async () => {
    const policy = (await fetch(`${served.url}/`)).headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toMatch(/unsafe-(inline|eval)/);
    const html = await (await fetch(`${served.url}/`)).text();
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/);
  });
});
