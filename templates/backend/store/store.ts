/** The record: index, bodies, listing and committer behind the store's interface. */
import { ApiError } from '@collab/contract/errors.ts';
import { isoStamp, parseFileStamp } from '@collab/contract/stamps.ts';
import type { Deps } from '../services.ts';
import { Bodies } from './bodies.ts';
import { type Built, Committer } from './committer.ts';
import { bare, entryOf, type Held, INDEXED, isIndexed } from './entry.ts';
import { hubFailure } from './hub-failure.ts';
import { IndexData } from './index-data.ts';
import { Journal } from './journal.ts';
import { type Refresher, refreshScope, type Scope } from './listing.ts';
import { owner } from './owner.ts';
import { privateFiles } from './private.ts';
import type { Draft, Entry, Store } from './types.ts';

/** Folders with more records than this are tailed between full listings. */
const TAIL_OVER = 900;
const FULL_EVERY_MS = 24 * 3_600_000;

export interface RunningStore extends Store {
  /** Loads the first picture, calls `loaded`, and keeps it fresh until the signal fires. */
  run(loaded?: () => void): Promise<void>;
  drained(): Promise<void>;
  handles(): string[];
  readonly health: {
    records: number;
    queue: number;
    groups: number;
    journal: number;
    stale: boolean;
    writer: boolean;
    listed_at: string | null;
  };
}

export function createStore(deps: Deps, signal: AbortSignal): RunningStore {
  const { settings, hub, now, log } = deps;
  const bucket = settings.CENTRAL_BUCKET;
  const index = new IndexData();
  const bodies = new Bodies(hub, bucket, settings.CONTENT_CACHE_MAX_BYTES);
  const files = privateFiles(hub, settings.AUDIT_BUCKET);
  const own = owner(files, Buffer.from(deps.random(12)).toString('hex'), () => isoStamp(now()));
  const journal = new Journal({ hub, bucket, files, log, sleep: deps.sleep, signal });
  const listeners = new Set<(paths: readonly string[]) => void>();
  let seq = 0;
  let stale = false;
  let listedAt: number | null = null;
  let fullAt = 0;

  const tell = (paths: readonly string[]) => {
    if (paths.length > 0) for (const listener of listeners) listener(paths);
  };

  const apply = (built: readonly Built[]) => {
    seq++;
    const changed = built.flatMap((b) => show(b));
    tell(changed);
  };

  /** Puts one draft's files into the index. */
  const show = ({ files: f }: Built): string[] => {
    const born = (path: string) => {
      const before = index.get(path) as Held | null;
      return { seq, writtenAt: now(), replaced: before?.xetHash ?? before?.replaced };
    };
    for (const { path, content } of f.adds ?? []) {
      if (!isIndexed(path)) continue;
      const text = typeof content === 'string' ? content : new TextDecoder().decode(content);
      const { entry, body } = entryOf(path, text, { size: Buffer.byteLength(content), ...born(path) });
      index.put(entry);
      bodies.put(entry, body);
    }
    for (const { path, size, xetHash } of f.copies ?? []) {
      if (!isIndexed(path)) continue;
      index.put(bare(path, { size, ...born(path), xetHash }));
      bodies.drop(path);
    }
    for (const path of f.deletes ?? []) index.drop(path);
    return [...(f.adds ?? []), ...(f.copies ?? [])]
      .map((a) => a.path)
      .concat(f.deletes ?? [])
      .filter(isIndexed);
  };

  const committer = new Committer({
    pursuit: {
      hub,
      bucket,
      sleep: deps.sleep,
      existed: (path) => index.get(path) !== null || !isIndexed(path),
    },
    now,
    signal,
    checkOwner: () => own.check(),
    apply,
    journal: (entries) => journal.add(entries),
    report: (event, fields) => log('warn', event, fields),
  });

  const refresher: Refresher = { index, bodies, hub, bucket, now, seq: () => seq };

  const scopes = (): Scope[] => {
    const full = now() - fullAt >= FULL_EVERY_MS;
    return INDEXED.flatMap((folder): Scope[] => {
      if (full || index.below(`${folder}/`).length <= TAIL_OVER)
        return [{ prefix: `${folder}/`, complete: true }];
      return tailOf(folder, now());
    });
  };

  const refresh = async () => {
    const full = now() - fullAt >= FULL_EVERY_MS;
    const started = now();
    try {
      // Board before inbox: copies then need no download.
      const list = scopes();
      const first = list.filter((s) => s.prefix.startsWith('message_board/'));
      const changed = await Promise.all(first.map((s) => refreshScope(refresher, s)));
      changed.push(
        ...(await Promise.all(list.filter((s) => !first.includes(s)).map((s) => refreshScope(refresher, s)))),
      );
      stale = false;
      listedAt = started;
      if (full) fullAt = started;
      committer.notBefore(newestStamp(index, now()));
      tell(changed.flat());
    } catch (error) {
      stale = true;
      log('warn', 'listing_failed', { error });
      throw error;
    }
  };

  let flight: Promise<void> | null = null;
  const refreshOnce = () => {
    flight ??= refresh().finally(() => {
      flight = null;
    });
    return flight;
  };

  const begin = async () => {
    await own.claim();
    await refreshOnce();
    await journal.resume();
  };

  let loaded = false;
  let first: Promise<void> | null = null;

  const run = async (onLoaded?: () => void) => {
    for (let attempt = 0; !loaded && !signal.aborted; attempt++) {
      first = begin();
      try {
        await first;
        loaded = true;
        log('info', 'record_loaded', { files: index.size });
        onLoaded?.();
      } catch (error) {
        log('error', 'record_not_loaded', { error });
        await deps.sleep(Math.min(1000 * 2 ** attempt, 30_000), signal);
      }
    }
    while (!signal.aborted) {
      await deps.sleep(settings.LISTING_TTL_S * 1000, signal);
      if (!signal.aborted) await refreshOnce().catch(() => {});
    }
  };

  return {
    private: files,
    run,
    drained: () => committer.drained(),
    get stale() {
      return stale;
    },
    get health() {
      return {
        records: index.size,
        queue: committer.waiting,
        groups: committer.groups,
        journal: journal.size,
        stale,
        writer: own.mine,
        listed_at: listedAt === null ? null : isoStamp(listedAt),
      };
    },
    folder: (path) => index.folder(path),
    get: (path) => index.get(path),
    below: (prefix) => index.below(prefix),
    handles: () => index.subfolders('inbox'),
    read: (entries) =>
      Promise.all(entries.map(async (entry: Entry) => ({ ...entry, body: await bodies.get(entry) }))),
    bytes: (path, maxBytes) => hub.readFile(bucket, path, { maxBytes }).catch(hubFailure(`read ${path}`)),
    async ready() {
      if (loaded) return;
      await (first ?? Promise.reject(new Error('not started'))).catch((cause: unknown) => {
        throw new ApiError('HUB_UNAVAILABLE', 'the record could not be read yet', { cause, retryAfterS: 5 });
      });
    },
    refresh: () => refreshOnce().catch(hubFailure('list the record')),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    submit: <T>(draft: Draft<T>) => committer.submit(draft),
  };
}

/** Yesterday and today, where files carry stamps; inboxes and traces wait for the full listing. */
function tailOf(folder: string, now: number): Scope[] {
  if (!['message_board', 'results', 'broadcasts'].includes(folder)) return [];
  const day = (ms: number) => isoStamp(ms).slice(0, 10).replaceAll('-', '');
  const days = [now - 86_400_000, now].map((ms) => ({ prefix: `${folder}/${day(ms)}`, complete: true }));
  return folder === 'results'
    ? [...days, { prefix: 'results/verification_status.json', complete: true }]
    : days;
}

/** Newest stamp that a clock can have made: a file dated years ahead must not drag the server along. */
function newestStamp(index: IndexData, now: number): number {
  const stamp = (e: Entry) => parseFileStamp(e.name);
  const newest = ['message_board', 'results', 'broadcasts'].map((folder) => {
    const last = index
      .folder(folder)
      .entries()
      .findLast((e) => (stamp(e) ?? Infinity) < now + 86_400_000);
    return last ? (stamp(last) ?? 0) : 0;
  });
  return Math.max(...newest);
}
