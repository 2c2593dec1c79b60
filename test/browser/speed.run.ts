/**
 * Figures of the page on the Gemma record and on a record of 20,000 messages and 2,000 results, both served by the
 * built Space on the embedded hub: `npm run bench:browser`; with WRITE=1 they go into docs/figures.md.
 */
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { machine, writeBlock } from '../bench/report.ts';
import { launch, open } from './browser.ts';
import { heapOf, loadAllMessages, type Start, scripts, scrollFrames, start } from './measure.ts';
import { GEMMA_SIZE, startServed } from './served.ts';

const KIB = 1024;
const BIG = { agents: 100, messages: 20_000, results: 2_000, humans: 9, traces: 120 };
const STARTS = 5;
const ASSETS = 'dist/space/public/assets';

let browser: Browser;
const lines: [string, string, string][] = [];
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

const median = (values: number[]): number =>
  values.sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
const ms = (value: number) => `${value.toFixed(0)} ms`;
const mib = (bytes: number) => `${(bytes / KIB / KIB).toFixed(0)} MiB`;
const kib = (bytes: number) => `${(bytes / KIB).toFixed(0)} KiB`;

async function measure(size: typeof BIG) {
  const served = await startServed(size);
  try {
    const starts: Start[] = [];
    for (let i = 0; i < STARTS; i++) starts.push(await start(browser, served.url));
    console.log(`${size.messages} messages: started ${STARTS} times`);
    const { page } = await open(browser, 'about:blank');
    const code = await scripts(page, served.url, () => page.locator('article').first().waitFor());
    await page.locator('svg path.stair').waitFor();
    const overview = await heapOf(page);
    await page.goto(`${served.url}/#/board`);
    await page.locator('article').first().waitFor();
    await loadAllMessages(page, size.messages);
    console.log(`${size.messages} messages: all loaded`);
    const articles = await page.locator('article').count();
    const frames = await scrollFrames(page);
    const whole = await heapOf(page);
    await page.goto(`${served.url}/#/plots`);
    await page.locator('svg path.stair').waitFor();
    const plots = await heapOf(page);
    await page.context().close();
    const measured = { starts, code, overview, articles, frames, whole, plots };
    console.log(JSON.stringify(measured));
    return measured;
  } finally {
    await served.close();
  }
}

it('measures both records', async () => {
  const [gemma, big] = [await measure({ ...BIG, ...GEMMA_SIZE }), await measure(BIG)];
  const row = (what: string, of: (m: typeof gemma) => string) => lines.push([what, of(gemma), of(big)]);
  const time = (key: keyof Start) => (m: typeof gemma) =>
    `${ms(median(m.starts.map((each) => each[key])))} (worst ${ms(Math.max(...m.starts.map((each) => each[key])))})`;
  row('first contentful paint', time('paint'));
  row('board, plot and messages drawn', time('drawn'));
  row('interactive: no task over 50 ms any more', time('interactive'));
  row(
    'scripts before the first view, sent (gzip would be)',
    (m) => `${kib(m.code.sent)} (${kib(m.code.gzip)}), ${m.code.files} files`,
  );
  row('memory of the overview', (m) => mib(m.overview));
  row('memory with every message loaded', (m) => mib(m.whole));
  row('memory, then the plots', (m) => mib(m.plots));
  row('messages in the document while all are loaded', (m) => String(m.articles));
  row(
    'frames while scrolling, median (worst)',
    (m) => `${m.frames.median.toFixed(1)} ms (${ms(m.frames.worst)})`,
  );
  const text = `${machine().replace(/\.$/, '')}, Chromium ${browser.version()}, cold cache, median of ${STARTS} starts on loopback.

|  | 1,300 messages, 500 results | 20,000 messages, 2,000 results |
| --- | --- | --- |
${lines.map((each) => `| ${each.join(' | ')} |`).join('\n')}

${await sizes()}`;
  console.log(text);
  if (process.env.WRITE) await writeBlock('page', text);
  expect(big.whole).toBeLessThan(150 * KIB * KIB);
});

/** Every script of the page, whether it is ever asked for or not. */
async function sizes(): Promise<string> {
  const names = (await readdir(ASSETS)).filter((name) => ['.js', '.css'].includes(extname(name)));
  const files = await Promise.all(
    names.map(async (name) => ({ name, bytes: await readFile(join(ASSETS, name)) })),
  );
  const sized = files
    .map(({ name, bytes }) => ({
      name: name.replace(/-[^-.]+(\.\w+)$/, '$1'),
      bytes,
      br: brotliCompressSync(bytes).length,
    }))
    .sort((a, b) => b.br - a.br);
  const total = (of: (f: (typeof sized)[number]) => number) => kib(sized.reduce((sum, f) => sum + of(f), 0));
  const top = sized.slice(0, 6).map((f) => `${f.name} ${kib(f.br)}`);
  return `All ${sized.length} scripts and styles: ${total((f) => f.bytes.length)}, ${total((f) => gzipSync(f.bytes).length)} as gzip, ${total((f) => f.br)} as brotli. The largest: ${top.join(', ')}.`;
}
