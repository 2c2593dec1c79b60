/** The list grammar of every stamped folder: filter, count, cursor, order, limit. */
import { ApiError } from '@collab/contract/errors.ts';
import { agentIdProblem } from '@collab/contract/identity.ts';
import { isHandle } from '@collab/contract/paths.ts';
import { stampBound } from '@collab/contract/stamps.ts';
import type { Entry, Facet, FolderView, StoredRecord } from '../store/types.ts';
import { firstAt } from './collect.ts';

export interface ListQuery {
  since?: string;
  until?: string;
  agent?: string;
  q?: string;
  expand?: boolean;
  limit?: number;
  order?: 'asc' | 'desc';
  after?: string;
  before?: string;
}

export interface Page {
  /** Records in the folder. */
  count: number;
  /** After filters, before cursors. */
  matched: number;
  items: Entry[];
  next: string | null;
  /** Newest record this answer accounts for. */
  cursor: string | null;
}

/** Of the files in an expanded page: a reader who asks for all of them holds no more of the server's memory. */
const MAX_PAGE_BYTES = 4 * 1024 * 1024;

/** First position in `list` (ascending by name) whose name is not below `name`. */
const position = (list: readonly Entry[], name: string) => firstAt(list, (entry) => entry.name >= name);

const below = (list: readonly Entry[], name: string, inclusive: boolean) => {
  const at = position(list, name);
  return inclusive && list[at]?.name === name ? at + 1 : at;
};

/** `since` and `until` as positions: both are compared with the first 19 characters of the name, inclusive. */
function span(list: readonly Entry[], query: ListQuery): [number, number] {
  const bound = (text: string, end: boolean) => {
    const stamp = stampBound(text, end);
    if (stamp === null)
      throw new ApiError('INVALID_QUERY', `not a time: ${end ? 'until' : 'since'}`, {
        hint: 'ISO 8601 or YYYYMMDD-HHmmss-mmm',
      });
    return stamp;
  };
  const from = query.since === undefined ? 0 : position(list, bound(query.since, false));
  const to = query.until === undefined ? list.length : position(list, `${bound(query.until, true)}\uffff`);
  return [from, Math.max(from, to)];
}

export interface ListOptions {
  /** Facets that must have these values. */
  where?: Partial<Record<Facet, string | undefined>>;
  /** A filter that looks at each entry: costs N. */
  only?: (entry: Entry) => boolean;
  /** Limit when none is given; `null`: all. */
  defaultLimit: number | null;
  maxExpanded: number;
}

/** The part of the grammar that needs frontmatter only; `q` is applied by `searchPage`. */
export function listPage(view: FolderView, query: ListQuery, options: ListOptions): Page {
  const where = Object.entries({ ...options.where, agent: checkedAgent(query.agent) }).filter(
    (pair): pair is [Facet, string] => pair[1] !== undefined,
  );
  const lists = where.map(([facet, value]) => view.where(facet, value)).sort((a, b) => a.length - b.length);
  const base = lists[0] ?? view.entries();
  const others = lists.slice(1).map((l) => new Set(l));
  const filter =
    others.length > 0 || options.only
      ? (e: Entry) => others.every((o) => o.has(e)) && (options.only?.(e) ?? true)
      : null;
  return cut(view.count, filter ? base.filter(filter) : base, query, options);
}

/** Cuts one page out of an ascending list. */
export function cut(count: number, list: readonly Entry[], query: ListQuery, options: ListOptions): Page {
  const [from, to] = span(list, query);
  const low = query.after === undefined ? from : Math.max(from, below(list, query.after, true));
  const high = query.before === undefined ? to : Math.min(to, below(list, query.before, false));
  const order = query.order ?? (query.after === undefined ? 'desc' : 'asc');
  const size = Math.max(0, Math.min(high - low, limitOf(query, options)));
  const taken = order === 'asc' ? list.slice(low, low + size) : list.slice(high - size, high).reverse();
  const items = query.expand ? withinBytes(taken) : taken;
  const more = high - low > items.length;
  return {
    count,
    matched: to - from,
    items,
    next: more && items.length > 0 ? (items.at(-1) as Entry).name : null,
    cursor: cursorOf(list, items, order, more, query),
  };
}

/** The first of them that may be held at once, at least one. */
export function withinBytes(entries: Entry[]): Entry[] {
  let bytes = 0;
  const over = entries.findIndex((entry, i) => {
    bytes += entry.size;
    return i > 0 && bytes > MAX_PAGE_BYTES;
  });
  return over < 0 ? entries : entries.slice(0, over);
}

/** Everything up to the cursor has been shown or lies outside the asked span: `after=cursor` misses nothing. */
function cursorOf(
  list: readonly Entry[],
  items: Entry[],
  order: 'asc' | 'desc',
  more: boolean,
  query: ListQuery,
): string | null {
  if (order === 'asc') return (items.at(-1)?.name ?? query.after) || null;
  if (query.before !== undefined) return items[0]?.name ?? null;
  return (more ? items[0]?.name : (items[0]?.name ?? list.at(-1)?.name)) ?? query.after ?? null;
}

function limitOf(query: ListQuery, options: ListOptions): number {
  const wanted = query.limit ?? options.defaultLimit ?? Number.POSITIVE_INFINITY;
  return query.expand ? Math.min(wanted, options.maxExpanded) : wanted;
}

function checkedAgent(agent: string | undefined): string | undefined {
  if (agent === undefined || isHandle(agent)) return agent;
  const problem = agentIdProblem(agent) ?? { message: 'invalid agent' };
  throw new ApiError('INVALID_PATH', problem.message, { hint: problem.hint });
}

/** `q`: case-insensitive substring of the body or of a `key: value` of the head. */
export function matches(record: StoredRecord, q: string): boolean {
  const needle = q.toLowerCase();
  if (record.body.toLowerCase().includes(needle)) return true;
  return Object.entries(record.frontmatter).some(([key, value]) =>
    `${key}: ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`
      .toLowerCase()
      .includes(needle),
  );
}
