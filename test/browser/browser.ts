/** One Chromium for the browser tests: the machine's own, never a downloaded one. */
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const PLACES = [
  process.env.CHROMIUM_PATH ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

export function launch(args: string[] = []): Promise<Browser> {
  const executablePath = PLACES.find((p) => p !== '' && existsSync(p));
  if (!executablePath)
    throw new Error('No Chromium found: install the chromium package, or set CHROMIUM_PATH.');
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage', ...args] });
}

export interface Watched {
  page: Page;
  /** Everything that must not happen: page errors, policy violations, dialogs, refusals, requests to other hosts. */
  trouble: string[];
}

declare global {
  interface Window {
    violations?: string[];
  }
}

/** A page that writes down whatever goes wrong on it. */
export async function open(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  const page = await context.newPage();
  const trouble: string[] = [];
  const home = new URL(url).origin;
  page.on('pageerror', (e) => trouble.push(`error: ${e.message}`));
  page.on('dialog', (d) => {
    trouble.push(`dialog: ${d.message()}`);
    void d.dismiss();
  });
  page.on('console', (m) => {
    if (/Content Security Policy/i.test(m.text())) trouble.push(`policy: ${m.text()}`);
  });
  // A browser writes a refusal into the console, before anybody has done anything.
  page.on('response', (r) => {
    if (r.status() === 401) trouble.push(`refused: ${r.url()}`);
  });
  page.on('request', (r) => {
    if (!/^(data|blob):/.test(r.url()) && new URL(r.url()).origin !== home)
      trouble.push(`foreign: ${r.url()}`);
  });
  await page.goto(url);
  return { page, trouble };
}

export const THEMES = ['light', 'dark'] as const;
export const PHONE = { width: 360, height: 780 };
export const DESK = { width: 1280, height: 860 };
