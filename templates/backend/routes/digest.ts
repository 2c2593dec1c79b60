/** What is going on, in one call. */
import { inboxFolder } from '@collab/contract/paths.ts';
import { digest } from '@collab/contract/routes/digest.ts';
import { listPage } from '../domain/list.ts';
import { handle, type RouteModule } from '../http/handle.ts';
import type { Services } from '../services.ts';
import type { Asker } from '../store/cold-reads.ts';
import type { Entry, FolderView } from '../store/types.ts';
import { unionView } from '../store/union-view.ts';
import { DEFAULT_STATES } from '../verify/standings.ts';
import { rowAnswer } from './leaderboard.ts';
import { checkHandle } from './messages.ts';
import { recordBody } from './records.ts';
import { stateOf } from './results.ts';
import { sharedTraces, tokensOf } from './traces.ts';

const NEWEST = 5;
const ROWS = 10;
const MESSAGES = 20;
const RESULTS = 10;
const INBOX = 10;

export const routes: RouteModule = (s) => [
  handle(digest, async (call) => {
    const { query } = call;
    const { as: who, since } = query;
    if (who !== undefined) checkHandle(s, who);
    await s.evaluation.standings.ready();
    const results = newest(s.store.folder('results'), since, RESULTS);
    const [messages, read] = await Promise.all([
      records(s, call, newest(s.store.folder('message_board'), since, MESSAGES).items),
      records(s, call, results.items),
    ]);
    return {
      body: {
        agents: newestAgents(s),
        taskforces: newestTaskforces(s),
        leaderboard: board(s),
        recent_messages: messages,
        recent_results: read.map((body, at) => ({
          ...body,
          verification: stateOf(s, results.items[at] as Entry),
        })),
        inbox: who === undefined ? null : await inboxOf(s, call, who, since),
        stats: tokenTotals(s),
        generated_at: new Date(s.now()).toISOString(),
        ...(s.store.stale && { stale: true }),
      },
    };
  }),
];

function newest(view: FolderView, since: string | undefined, limit: number) {
  const query = { since, order: 'desc' as const, limit, expand: true };
  return listPage(view, query, { defaultLimit: limit, maxExpanded: limit });
}

async function records(s: Services, asker: Asker, entries: readonly Entry[]) {
  return (await s.store.read(entries, asker)).map((record) => recordBody(s, record));
}

function newestAgents(s: Services) {
  const cards = s.store.folder('agents').entries();
  const joined = (entry: Entry) => String(entry.frontmatter.joined ?? '');
  const sorted = cards.toSorted((a, b) => (joined(a) < joined(b) ? 1 : joined(a) > joined(b) ? -1 : 0));
  return {
    count: cards.length,
    newest: sorted.slice(0, NEWEST).map((entry) => entry.name.replace(/\.md$/, '')),
  };
}

/** A taskforce exists when its README does. */
function newestTaskforces(s: Services) {
  const readmes = s.store
    .below('taskforces/')
    .filter((entry) => /^taskforces\/[^/]+\/README\.md$/.test(entry.path));
  const key = (entry: Entry) => `${entry.frontmatter.created ?? ''}\n${entry.path}`;
  const sorted = readmes.toSorted((a, b) => (key(a) < key(b) ? 1 : -1));
  return {
    count: readmes.length,
    newest: sorted.slice(0, NEWEST).map((entry) => entry.path.split('/')[1] as string),
  };
}

function board(s: Services) {
  const { rules, standings } = s.evaluation;
  const { rows } = standings.board({ groupBy: 'agent', states: DEFAULT_STATES, division: rules.headline.id });
  return rows.slice(0, ROWS).map((row) => rowAnswer(s, row));
}

/** `null` until somebody shared a session. */
function tokenTotals(s: Services) {
  if (sharedTraces(s).length === 0) return null;
  const { tokens, sessions_counted, agents_reporting } = tokensOf(s);
  return { total_tokens: tokens.total, sessions_counted, agents_reporting };
}

async function inboxOf(s: Services, asker: Asker, who: string, since: string | undefined) {
  const view = unionView(s.store.folder(inboxFolder(who)), s.store.folder('broadcasts'));
  const page = newest(view, since, INBOX);
  return { count: page.matched, items: await records(s, asker, page.items) };
}
