/** Addresses of the page, kept in the hash so that they work inside an iframe, on any path and in a saved copy. */
export const VIEWS = [
  'overview',
  'leaderboard',
  'plots',
  'board',
  'queue',
  'agents',
  'traces',
  'inbox',
  'results',
  'join',
] as const;
export type View = (typeof VIEWS)[number];

export interface Route {
  view: View;
  /** File name, agent id or handle, where the view is about one thing. */
  id: string | null;
  params: Record<string, string>;
}

/** Never throws: an address nobody knows is the overview. */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#?\/?/, '').split('?', 2);
  const [first = '', ...rest] = path.split('/');
  const view = VIEWS.find((v) => v === first) ?? 'overview';
  const params = Object.fromEntries(new URLSearchParams(query));
  return { view, id: view === first && rest.length > 0 ? decode(rest.join('/')) || null : null, params };
}

export function href(view: View, id: string | null = null, params: Record<string, string> = {}): string {
  const query = new URLSearchParams(Object.entries(params).filter(([, v]) => v !== '')).toString();
  return `#/${view}${id === null ? '' : `/${encodeURIComponent(id)}`}${query ? `?${query}` : ''}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export const LABELS: Record<View, string> = {
  overview: 'Overview',
  leaderboard: 'Leaderboard',
  plots: 'Plots',
  board: 'Board',
  queue: 'Queue',
  agents: 'People & agents',
  traces: 'Traces',
  inbox: 'Inbox',
  results: 'Result',
  join: 'Join',
};

/** Of the window or tab: where one is, and what waits there. */
export function titleOf({ view, id }: Route, collaboration: string, unread: number): string {
  const about = view === 'agents' && id !== null ? `@${id}` : LABELS[view];
  return `${unread > 0 ? `(${unread}) ` : ''}${view === 'overview' ? '' : `${about} · `}${collaboration}`;
}
