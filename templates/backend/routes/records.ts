/** Answers made of records, the same for every folder. */
import { setImmediate } from 'node:timers/promises';
import { ApiError } from '@collab/contract/errors.ts';
import { printable } from '@collab/contract/identity.ts';
import { type ListQuery, listPage, matches, withinBytes } from '../domain/list.ts';
import { unchanging } from '../http/json-text.ts';
import type { Services } from '../services.ts';
import { isCompat } from '../settings.ts';
import { limiter } from '../store/bodies.ts';
import type { Asker } from '../store/cold-reads.ts';
import type { Entry, Facet, FolderView, StoredRecord } from '../store/types.ts';

const DEFAULT_LIMIT = 10;
/** Bodies that are looked at before others get their turn. */
const CHUNK = 200;
/** A search may download evicted bodies: more of them at once would only push each other out. */
const oneAtATime = limiter(1);
/** Nobody needs a credential to search: so many may wait for their turn, over all callers. */
const MAX_SEARCHES = 8;
let searches = 0;

type Profile = Pick<Services, 'settings'>;

/** Text of the record is somebody's: whoever follows instructions is told so. The reference's wire has no such key. */
export const untrusted = (s: Profile) => (isCompat(s.settings) ? {} : { untrusted: true });

type RecordBody = Pick<StoredRecord, 'frontmatter' | 'body'> & { filename: string; untrusted?: boolean };

const shown = new WeakMap<StoredRecord, RecordBody>();

/** A record as answers tell it, made once: do not change it. */
export function recordBody(s: Profile, r: StoredRecord): RecordBody {
  const known = shown.get(r);
  if (known) return known;
  const body = unchanging({ filename: r.name, frontmatter: r.frontmatter, body: r.body, ...untrusted(s) });
  shown.set(r, body);
  return body;
}

/** Entries of `list` whose record contains `q`; reads bodies, so it costs N. @throws ApiError RATE_LIMITED */
export async function search(
  s: Services,
  asker: Asker,
  list: readonly Entry[],
  q: string,
): Promise<Set<Entry>> {
  if (searches >= MAX_SEARCHES)
    throw new ApiError('RATE_LIMITED', 'too many searches at once', { retryAfterS: 5 });
  searches++;
  return oneAtATime(() => scan(s, asker, list, q)).finally(() => searches--);
}

async function scan(s: Services, asker: Asker, list: readonly Entry[], q: string): Promise<Set<Entry>> {
  const found = new Set<Entry>();
  for await (const { entry, record } of inTurn(s, asker, list)) if (matches(record, q)) found.add(entry);
  return found;
}

/** Records one after the other: never more of their bodies in hand than an answer may hold, and others get their turn. */
export async function* inTurn(
  s: Services,
  asker: Asker,
  list: readonly Entry[],
): AsyncGenerator<{ entry: Entry; record: StoredRecord }> {
  for (let i = 0, chunk: Entry[]; i < list.length; i += chunk.length) {
    chunk = withinBytes(list.slice(i, i + CHUNK));
    const records = await s.store.read(chunk, asker);
    for (const [n, record] of records.entries()) yield { entry: chunk[n] as Entry, record };
    await setImmediate();
  }
}

const bodyOf = (s: Profile, r: StoredRecord, entry: Entry, extend?: Extend) =>
  extend ? { ...recordBody(s, r), ...extend(entry) } : recordBody(s, r);

/** What else an answer says of a record: verification states. */
type Extend = (entry: Entry) => Record<string, unknown>;

/** One page in the list grammar. */
export async function listAnswer(
  s: Services,
  call: Asker & { query: ListQuery },
  view: FolderView,
  where: Partial<Record<Facet, string | undefined>>,
  extend?: Extend,
  only?: (entry: Entry) => boolean,
) {
  const { query } = call;
  const hits = query.q ? await search(s, call, view.entries(), query.q) : null;
  const page = listPage(view, query, {
    where,
    only: hits || only ? (e) => (hits?.has(e) ?? true) && (only?.(e) ?? true) : undefined,
    defaultLimit: DEFAULT_LIMIT,
    maxExpanded: s.settings.EXPAND_MAX_LIMIT,
  });
  const { count, matched, next, cursor } = page;
  const items = query.expand
    ? (await s.store.read(page.items, call)).map((r, i) => bodyOf(s, r, page.items[i] as Entry, extend))
    : page.items.map((e) => e.name);
  const body = { count, matched, next, cursor, items };
  return { body: s.store.stale ? { ...body, stale: true } : body };
}

/** `{folder}/{filename}`, or NOT_FOUND. */
export async function oneRecord(
  s: Services,
  call: Asker & { params: { filename: string } },
  folder: string,
  extend?: Extend,
) {
  const { filename } = call.params;
  const entry = filename.includes('/') ? null : s.store.get(`${folder}/${filename}`);
  if (!entry) throw new ApiError('NOT_FOUND', `no such file: ${printable(filename)}`);
  const [record] = await s.store.read([entry], call);
  return { body: bodyOf(s, record as StoredRecord, entry, extend) };
}
