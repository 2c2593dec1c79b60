/** Figures go into a page of the docs, between markers that carry the measurement's name. */

import { writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { cpus, setPriority } from 'node:os';

export const PAGE = 'docs/figures.md';

export const table = (head: string[], rows: (string | number)[][]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

/** Three digits that say something. */
export const short = (n: number): string =>
  n >= 100 ? Math.round(n).toLocaleString('en-US') : String(Number(n.toPrecision(3)));

export const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;

export const median = (values: readonly number[]): number =>
  quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  );

export const machine = (): string =>
  `Node ${process.versions.node}, ${cpus().length} cores of ${cpus()[0]?.model.trim()}`;

/** Puts `text` between the markers of `name`. @throws when the page lacks them. */
export async function writeBlock(name: string, text: string, file = PAGE): Promise<void> {
  const page = await readFile(file, 'utf8');
  const block = new RegExp(`(<!-- begin ${name}[^>]*-->\\n)[\\s\\S]*?(<!-- end ${name} -->)`);
  if (!block.test(page)) throw new Error(`${file} has no block ${name}`);
  await writeFile(
    file,
    page.replace(block, (_all, begin: string, end: string) => `${begin}${text}\n${end}`),
  );
}

/** Priority of this process and its children, -20 to 19. Linux weighs sessions first, so its session gets it too. */
export function setUrgency(level: number): void {
  setPriority(level);
  try {
    writeFileSync('/proc/self/autogroup', String(level));
  } catch {
    // Not Linux, or without groups: the priority alone counts.
  }
}
