/** The routes as a Markdown table, for READMEs and `/skill.md`. */
import type { AnyRoute } from './route.ts';

const WHO: Record<AnyRoute['auth'], string> = {
  none: 'anyone',
  optional: 'anyone',
  user: 'Hugging Face user',
  agent: 'the agent',
  'agent-always': 'the agent',
  organizer: 'organizers',
  evaluator: 'the evaluator',
};

/** Markdown; `full` adds how each route compares with the reference server. */
export function routeTable(routes: readonly AnyRoute[], full = false): string {
  const head = ['Method', 'Path', 'Who', 'What', ...(full ? ['Compared'] : [])];
  const rows = routes.map((r) => [
    r.method,
    `\`${r.path.replace('*}', '}')}\``,
    WHO[r.auth],
    r.doc.replaceAll('|', '\\|'),
    ...(full ? [r.parity] : []),
  ]);
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
