/** What a page costs the person in front of it. */
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { open } from './browser.ts';

/** Bytes of each script fetched until `ready`: on the wire, and as gzip makes them. */
export async function scripts(
  page: Page,
  url: string,
  ready: () => Promise<unknown>,
): Promise<{ files: number; sent: number; gzip: number }> {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  const ofScript = new Set<string>();
  let sent = 0;
  const bodies: Promise<Buffer>[] = [];
  session.on('Network.responseReceived', ({ type, requestId }) => {
    if (type === 'Script') ofScript.add(requestId);
  });
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (ofScript.has(requestId)) sent += encodedDataLength;
  });
  page.on('response', (r) => {
    if (/\.js$/.test(new URL(r.url()).pathname)) bodies.push(r.body());
  });
  await page.goto(url);
  await ready();
  const gzip = (await Promise.all(bodies)).reduce((sum, body) => sum + gzipSync(body).length, 0);
  return { files: bodies.length, sent, gzip };
}

export interface Start {
  /** First contentful paint, ms after the navigation. */
  paint: number;
  /** Board and plot are drawn. */
  drawn: number;
  /** The last task over 50 ms has ended. */
  interactive: number;
}

/** One start in a browser that has nothing in its cache. */
export async function start(browser: Browser, url: string): Promise<Start> {
  const { page } = await open(browser, 'about:blank');
  await page.addInitScript(() => {
    const seen = { end: 0 };
    Object.assign(window, { longTasks: seen });
    new PerformanceObserver((list) => {
      for (const task of list.getEntries()) seen.end = Math.max(seen.end, task.startTime + task.duration);
    }).observe({ type: 'longtask', buffered: true });
  });
  await page.goto(url);
  const drawn = await page.waitForFunction(() =>
    document.querySelector('td a.score') &&
    document.querySelector('svg path.stair') &&
    document.querySelector('article')
      ? performance.now()
      : false,
  );
  await page.waitForTimeout(1000);
  const times = await page.evaluate(
    (at) => ({
      paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
      drawn: at,
      interactive: Math.max(at, (window as unknown as { longTasks: { end: number } }).longTasks.end),
    }),
    (await drawn.jsonValue()) as number,
  );
  await page.context().close();
  return times;
}

/** Times between frames while the page is scrolled by hand: 90 steps of 120 pixels. */
export const scrollFrames = (page: Page): Promise<{ median: number; worst: number }> =>
  page.evaluate(async () => {
    const times: number[] = [];
    let last = performance.now();
    for (let i = 0; i < 90; i++) {
      window.scrollTo(0, document.documentElement.scrollHeight * 0.5 + i * 120);
      await new Promise(requestAnimationFrame);
      times.push(performance.now() - last);
      last = performance.now();
    }
    times.sort((a, b) => a - b);
    return { median: times[45] as number, worst: times.at(-1) as number };
  });

/** Bytes in use after a collection. */
export async function heapOf(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return usedSize;
}

/** Scrolls until every message of the record is loaded. */
export async function loadAllMessages(page: Page, count: number): Promise<void> {
  for (let loaded = 0; loaded < count; ) {
    await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
    const more = await page.waitForFunction(loadedBeyond, loaded);
    loaded = (await more.jsonValue()) as number;
  }
}

/** How many messages the page says it has, once that is more than before. */
const loadedBeyond = (before: number): number | false => {
  const words = document.querySelector('.foot [role=status]')?.textContent ?? '';
  const n = Number(/[\d,]+/.exec(words)?.[0].replace(/,/g, ''));
  return n > before ? n : false;
};

/** Milliseconds of processor time that the page's main thread spends on tasks during `work`. */
export async function busyMs(page: Page, work: () => Promise<void>): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const spent = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0) * 1000;
  };
  const before = await spent();
  await work();
  const after = await spent();
  await session.detach();
  return Math.round(after - before);
}
