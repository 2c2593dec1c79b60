import type { ChallengeConfig } from '../config/types.ts';
import { addressSection } from './address.ts';

/** Managed sections of a Markdown file: what stands between `<!-- collab:begin NAME -->` and its end is ours, the rest is the organizer's. */

const section = (name: string) =>
  new RegExp(`(<!-- collab:begin ${name} -->\\n)[\\s\\S]*?(<!-- collab:end ${name} -->)`);

/** The text with the section's content replaced; unchanged when the organizer has taken the section out. */
export function fillSection(text: string, name: string, content: string): string {
  const inside = content.trim();
  return text.replace(
    section(name),
    (_all, begin: string, end: string) => `${begin}${inside ? `${inside}\n` : ''}${end}`,
  );
}

/** The text with every section that `fresh` has as it stands there. */
function fillFrom(text: string, fresh: string): string {
  const found = fresh.matchAll(/<!-- collab:begin (\w+) -->\n([\s\S]*?)<!-- collab:end \1 -->/g);
  return [...found].reduce((filled, [, name = '', inside = '']) => fillSection(filled, name, inside), text);
}

/** Order of the organizer's texts in the bucket's README; others follow by name. */
const TASK_ORDER = ['task.md', 'rules.md', 'measuring.md', 'timeline.md'];

/**
 * The central bucket's README.md as it goes to the bucket: what follows from challenge.yaml, the organizer's `task/*.md`
 * and the server's address put into their sections. `apply` does it with the files of the day, so an edit of `task/` or of
 * challenge.yaml reaches the bucket by itself.
 * @param tasks file name → text.
 * @param fresh the README as `new` would write it from the same settings.
 */
export function composeBucketReadme(
  readme: string,
  tasks: ReadonlyMap<string, string>,
  hub: ChallengeConfig['hub'],
  fresh = '',
): string {
  const place = (name: string) =>
    (TASK_ORDER.indexOf(name) + TASK_ORDER.length + 1) % (TASK_ORDER.length + 1);
  const names = [...tasks.keys()].sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
  const task = names.map((name) => tasks.get(name)?.trim() ?? '').join('\n\n');
  const filled = fillSection(fillFrom(readme, fresh), 'task', task);
  return fillSection(filled, 'address', addressSection(hub));
}
