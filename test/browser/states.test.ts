/** Each view on a record with nothing in it, on a server that fails, without a connection, and while it waits. */
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../helpers/hub.ts';
import { type SeededSpace, startSeededSpace } from '../helpers/seeded-space.ts';
import { axe, overflow } from './axe.ts';
import { launch, open, PHONE } from './browser.ts';
import { logIn } from './person.ts';

let browser: Browser;
let served: SeededSpace;
beforeAll(async () => {
  [browser, served] = await Promise.all([launch(), startSeededSpace(new Map([['README.md', '# Empty\n']]))]);
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
});

const NOBODY = '20260601-080000-000_nobody.md';

/** View → its address and what it says when there is nothing. */
const EMPTY: [string, string, RegExp][] = [
  ['overview', '#/', /No results yet/],
  ['leaderboard', '#/leaderboard', /No results here yet/],
  ['plots', '#/plots', /No results to plot yet/],
  ['board', '#/board', /nobody has written yet/],
  ['a message nobody wrote', `#/board/${NOBODY}`, /Could not load the message/],
  ['a result nobody posted', `#/results/${NOBODY}`, /Could not load the result/],
  ['people', '#/agents', /Nobody has registered yet/],
  ['an agent nobody is', '#/agents/nobody', /Nothing is known of this name/],
  ['queue', '#/queue', /Nothing waits/],
  ['traces', '#/traces', /No agent has shared a trace yet/],
  ['inbox', '#/inbox', /Your inbox shows/],
  ['join', '#/join', /Hand this to your agent/],
];

describe.concurrent('an empty record', () => {
  it.for(EMPTY)('%s says so, and what to do', async ([_name, hash, words], { expect }) => {
    const { page, trouble } = await open(browser, `${served.url}/${hash}`);
    await page.locator('main').getByText(words).filter({ visible: true }).first().waitFor();
    // Another part of the view may come later; none stays so.
    await expect.poll(() => page.getByText(/^Loading /).count(), { timeout: 10_000 }).toBe(0);
    expect(await axe(page)).toEqual([]);
    expect(trouble).toEqual([]);
    await page.context().close();
  });

  it('an inbox with nothing in it', async ({ expect }) => {
    const { page } = await open(browser, `${served.url}/#/inbox`);
    await logIn(page, served.url, 'user-1');
    await page.getByText('Nothing for @human-user-1 yet').waitFor();
    expect(await page.locator('article').count()).toBe(0);
    await page.context().close();
  });
});

const WORDS = 'The record is being read.';
const fail = (page: Page) =>
  page.route(/\/v1\/.+/, (route) =>
    route.fulfill({
      status: 503,
      headers: { 'retry-after': '5' },
      json: { error: { code: 'HUB_UNAVAILABLE', message: WORDS, hint: 'It goes on by itself.' } },
    }),
  );

/** Lets eleven seconds of the page's clock pass, again and again: its period is ten. */
async function passTime(page: Page, what: Locator, state: 'visible' | 'detached'): Promise<void> {
  const done = async () => {
    await page.clock.runFor(11_000);
    return (await what.count()) > 0 === (state === 'visible');
  };
  await until(done, 25_000);
}

/** Views that need the server for what they are about. */
const NEEDY = EMPTY.filter(([name]) => !['join', 'inbox'].includes(name));

describe.concurrent('a server that fails', () => {
  it.for(NEEDY)('%s tells its words, and comes back when asked', async ([_name, hash, words], { expect }) => {
    const { page, trouble } = await open(browser, 'about:blank');
    await fail(page);
    await page.goto(`${served.url}/${hash}`);
    const alert = page.locator('main [role=alert]').first();
    await alert.getByText(WORDS).waitFor();
    expect(await axe(page)).toEqual([]);
    await page.unroute(/\/v1\/.+/);
    await page.getByRole('button', { name: 'Try again' }).first().click();
    await page.locator('main').getByText(words).filter({ visible: true }).first().waitFor();
    expect(trouble.filter((t) => !t.startsWith('foreign'))).toEqual([]);
    await page.context().close();
  });

  it('“Try again” asks for all that the view lacks, not for one thing', async ({ expect }) => {
    const { page } = await open(browser, 'about:blank');
    await page.clock.install();
    await fail(page);
    await page.goto(`${served.url}/#/agents/nobody`);
    const alerts = page.locator('main [role=alert]');
    await expect.poll(() => alerts.count(), { timeout: 20_000 }).toBeGreaterThan(2);
    // Time stands still: nothing comes by itself.
    await page.clock.pauseAt(Date.now() + 3_600_000);
    await page.unroute(/\/v1\/.+/);
    await page.getByRole('button', { name: 'Try again' }).last().click();
    await expect.poll(() => alerts.count(), { timeout: 20_000 }).toBe(0);
    await page.getByText('Nothing is known of this name').waitFor();
    await page.context().close();
  });

  it('comes back by itself as well', async ({ expect }) => {
    const { page } = await open(browser, 'about:blank');
    await page.clock.install();
    await fail(page);
    await page.goto(`${served.url}/#/board`);
    await page.getByText(WORDS).first().waitFor();
    await page.unroute(/\/v1\/.+/);
    await passTime(page, page.getByText(WORDS).first(), 'detached');
    expect(await page.locator('main').innerText()).toMatch(/nobody has written yet/);
    await page.context().close();
  });
});

describe.concurrent('without an answer', () => {
  it('the page says that it waits', async ({ expect }) => {
    const { page } = await open(browser, 'about:blank');
    await page.route(/\/v1(\/|$)/, () => {});
    await page.goto(`${served.url}/#/`);
    await page.getByText('Loading the collaboration').waitFor();
    expect(await axe(page)).toEqual([]);
    await page.context().close();
  });

  it.for(NEEDY)('%s says what it waits for', async ([_name, hash], { expect }) => {
    const { page } = await open(browser, 'about:blank');
    await page.route(/\/v1\/.+/, () => {});
    await page.goto(`${served.url}/${hash}`);
    const waiting = page
      .locator('main')
      .getByText(/^Loading /)
      .first();
    await waiting.waitFor();
    expect(await waiting.innerText()).toMatch(/^Loading .+ …$/);
    await page.context().close();
  });

  it('offline from the start, it says so and goes on when the connection is back', async ({ expect }) => {
    const { page } = await open(browser, 'about:blank');
    await page.clock.install();
    await page.route(/\/v1(\/|$)/, (route) => route.abort());
    await page.goto(`${served.url}/#/queue`);
    await page.getByText('Could not load the collaboration').waitFor();
    await page.unroute(/\/v1(\/|$)/);
    await passTime(page, page.getByText('Nothing waits'), 'visible');
    expect(await page.getByText('Could not load').count()).toBe(0);
    await page.context().close();
  });
});

const row = (rank: number, over: Record<string, unknown>) => ({
  rank,
  agent: `a${'-very-long-name'.repeat(4)}`,
  hf_user: 'u'.repeat(40),
  score: -1.5,
  method: 'm'.repeat(300),
  description: `${'long '.repeat(20_000)}`,
  verification: 'valid',
  filename: `20260601-12000${rank}-000_a.md`,
  timestamp: '',
  ci95: [-2, -1],
  rank_low: 1,
  rank_high: 2,
  gates: [],
  ...over,
});
const gates = Array.from({ length: 200 }, (_, i) => ({
  ...{ id: `gate-${i}-${'x'.repeat(40)}`, value: i, limit: 250, op: '<=', pass: i !== 7, n: 1 },
  ...{ se: null, note: null },
}));

/** Lower is better, numbers of every size, two hundred gates, names without end. */
async function unusual(page: Page): Promise<void> {
  await page.route(/\/v1$/, async (route) => {
    const info = await (await route.fetch()).json();
    await route.fulfill({
      json: {
        ...info,
        score_order: 'asc',
        score_label: 'Energy per atom after relaxation',
        score_unit: 'meV',
      },
    });
  });
  await page.route(/\/v1\/leaderboard/, async (route) => {
    const board = await (await route.fetch()).json();
    const rows = [
      row(1, { score: -1.7976931348623157e308, gates }),
      row(2, {}),
      row(3, { score: 0, verification: 'pending', rank: null, provisional_rank: 3 }),
      row(4, { score: 1.23e15, verification: 'invalid', rank: null }),
    ];
    await route.fulfill({ json: { ...board, order: 'asc', rows } });
  });
}

describe.concurrent('an unusual challenge', () => {
  it.for([
    ['overview', '#/', 'Best verified'],
    ['leaderboard', '#/leaderboard?show=all', '199/200'],
    ['plots', '#/plots?against=gate-3', 'nothing beats on both axes'],
    ['agent', `#/agents/a${'-very-long-name'.repeat(4)}`, 'Not registered: known by'],
  ] as const)('%s fits a phone, and numbers are read', async ([_name, hash, words], { expect }) => {
    const { page, trouble } = await open(browser, 'about:blank', { viewport: PHONE });
    await unusual(page);
    await page.goto(`${served.url}/${hash}`);
    await page.getByText(words).first().waitFor({ state: 'attached' });
    await page.waitForLoadState('networkidle');
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect(await axe(page)).toEqual([]);
    expect(await page.locator('main').innerText()).not.toMatch(/NaN|Infinity|undefined/);
    expect(trouble.filter((t) => !t.startsWith('foreign'))).toEqual([]);
    await page.context().close();
  });
});

it('an evaluator that has gone silent is told where people look for their verdict', async () => {
  const { page } = await open(browser, 'about:blank');
  const item = { filename: NOBODY, agent: 'ada', hf_user: null, state: 'queued', position: 1, score: 5 };
  const rest = { reason: 'first claim of its author', eta: null, eta_seconds: 240, price_usd: 0 };
  const seen = (ms: number) => new Date(Date.now() - ms).toISOString();
  let at = seen(3 * 3_600_000);
  await page.route(/\/v1\/queue/, async (route) => {
    const queue = await (await route.fetch()).json();
    const told = { mode: 'eval-space', matched: 1, evaluator_seen_at: at, items: [{ ...item, ...rest }] };
    await route.fulfill({ json: { ...queue, ...told } });
  });
  await page.goto(`${served.url}/#/queue`);
  await page.getByText('last asked for work 3 hr. ago. Nothing is verified until').waitFor();
  expect(await axe(page)).toEqual([]);
  at = seen(60_000);
  await page.getByRole('button', { name: 'Refresh' }).click();
  await page.getByText(/last asked for work 1 min\. ago\.$/).waitFor();
  await page.goto(`${served.url}/#/`);
  await page.getByText('1 result waits for a verdict, the next is expected in 4 min.').waitFor();
  await page.context().close();
});
