/** The routes as a Markdown table. */
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

/** Who may call each route, what it does, and how it compares with the reference server. */
export function routeTable(routes: readonly AnyRoute[]): string {
  const head = ['route', 'who', 'does', 'compared'];
  const rows = routes.map((r) => [
    `\`${r.method} ${r.path.replace('*}', '}')}\``,
    WHO[r.auth],
    r.doc.replaceAll('|', '\\|'),
    r.parity,
  ]);
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
