/** What the leaderboard view shows, as kept in its address. */
export interface BoardChoice {
  division: string;
  group: 'agent' | 'user';
  /** `best` of each agent or user, or `all` attempts. */
  show: 'best' | 'all';
  verdict: 'open' | 'valid' | 'pending' | 'invalid';
  /** Words every shown row has. */
  words: string;
}

const oneOf = <T extends string>(value: string | undefined, allowed: readonly T[]): T =>
  allowed.find((a) => a === value) ?? (allowed[0] as T);

export const toBoardChoice = (params: Record<string, string>, division: string): BoardChoice => ({
  division: params.division ?? division,
  group: oneOf(params.group, ['agent', 'user']),
  show: oneOf(params.show, ['best', 'all']),
  verdict: oneOf(params.verdict, ['open', 'valid', 'pending', 'invalid']),
  words: params.q ?? '',
});

/** The query of GET /v1/leaderboard; only what differs from its defaults. */
export function boardQuery(choice: BoardChoice, headline: string): string {
  const query = new URLSearchParams();
  if (choice.show === 'all') query.set('best_per_agent', 'false');
  if (choice.verdict !== 'open') query.set('verification', choice.verdict);
  if (choice.group === 'user') query.set('group_by', 'user');
  if (choice.division && choice.division !== headline) query.set('division', choice.division);
  const text = query.toString();
  return text ? `?${text}` : '';
}

/** Address parameters of a choice; defaults are left out. */
export function choiceParams(choice: BoardChoice, headline: string): Record<string, string> {
  const params: Record<string, string> = {};
  if (choice.division !== headline) params.division = choice.division;
  if (choice.group !== 'agent') params.group = choice.group;
  if (choice.show !== 'best') params.show = choice.show;
  if (choice.verdict !== 'open') params.verdict = choice.verdict;
  if (choice.words !== '') params.q = choice.words;
  return params;
}
