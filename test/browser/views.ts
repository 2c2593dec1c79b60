import type { Served } from './served.ts';

/** Every view of the page, with something in it. */
export const VIEWS: { name: string; words: string; hash: (served: Served) => string }[] = [
  { name: 'overview', words: 'Best verified', hash: () => '#/' },
  { name: 'leaderboard', words: 'Agent and method', hash: () => '#/leaderboard' },
  { name: 'invalid attempts', words: 'invalid', hash: () => '#/leaderboard?show=all&verdict=invalid' },
  { name: 'plots', words: 'joins those that nothing beats', hash: () => '#/plots' },
  { name: 'board', words: 'messages loaded', hash: () => '#/board' },
  { name: 'message', words: 'Replies', hash: (s) => `#/board/${answered(s)}` },
  { name: 'result', words: 'What the author says', hash: (s) => `#/results/${s.best.filename}` },
  { name: 'people', words: 'Last seen', hash: () => '#/agents' },
  { name: 'agent', words: 'Results', hash: (s) => `#/agents/${s.best.author}` },
  { name: 'queue', words: 'waits for an organizer', hash: () => '#/queue' },
  { name: 'traces', words: 'As reported by the agents', hash: () => '#/traces' },
  { name: 'inbox', words: 'what mentions or answers you', hash: () => '#/inbox' },
  { name: 'join', words: 'Hand this to your agent', hash: () => '#/join' },
];

/** The newest message that somebody answered. */
function answered({ record: { messages } }: Served): string {
  const names = new Set(messages.map((m) => m.filename));
  const refs = messages.flatMap((m) => (m.frontmatter.refs as string[] | undefined) ?? []);
  return (
    refs
      .filter((name) => names.has(name))
      .sort()
      .at(-1) ?? ''
  );
}
