/** The record: index, bodies, listing and committer behind the store's interface. */
import { ApiError } from '@collab/contract/errors.ts';
import { isoStamp, parseFileStamp } from '@collab/contract/stamps.ts';
import type { Deps } from '../deps.ts';
import { slidingWindows } from '../limits.ts';
import { profileOf } from '../profile.ts';
import { Bodies, maxRecordBytes } from './bodies.ts';
import { coldReads } from './cold-reads.ts';
import { Committer } from './committer.ts';
import { bare, entryOf, type Held, isIndexed } from './entry.ts';
import { hubFailure } from './hub-failure.ts';
import { IndexData } from './index-data.ts';
import { Journal } from './journal.ts';
import { Keeper } from './keeper.ts';
import { owner } from './owner.ts';
import { privateFiles } from './private.ts';
import type { Draft, DraftFiles, Entry, Store } from './types.ts';

export interface RunningStore extends Store {
  /** Loads the first picture, calls `loaded`, and keeps it fresh until the signal fires. */
  run(loaded?: () => void): Promise<void>;
  /** Finishes the queue and leaves a snapshot. */
  close(): Promise<void>;
  handles(): string[];
  /** Changes whenever an answer made of the record could. */
  readonly version: string;
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

/** With LISTING_TTL_S=0 every request lists for itself, and the rest is looked at this often. */
const MIN_LISTING_S = 1;

export function createStore(deps: Deps, signal: AbortSignal): RunningStore {
  const { settings, hub, now, log } = deps;
  const bucket = settings.CENTRAL_BUCKET;
  const profile = profileOf(settings);
  const index = new IndexData();
  const bodies = new Bodies(
    hub,
    bucket,
    settings.CONTENT_CACHE_MAX_BYTES,
    maxRecordBytes(settings.MESSAGE_MAX_BYTES),
  );
  const admitDownloads = coldReads(now, hub.endpoint);
  const files = privateFiles(hub, settings.AUDIT_BUCKET);
  const own = owner(files, Buffer.from(deps.random(12)).toString('hex'), () => isoStamp(now()));
  let seq = 0;
  const journal = new Journal({
    hub,
    bucket,
    files,
    log,
    sleep: deps.sleep,
    signal,
    delivered(path, content) {
      if (index.get(path)) return;
      const { entry, body } = entryOf(path, content, {
        size: Buffer.byteLength(content),
        seq,
        writtenAt: now(),
      });
      index.put(entry);
      bodies.put(entry, body);
    },
  });
  const listeners = new Set<(paths: readonly string[]) => void>();

  /** What a listener does wrong must not turn a written record into a failed one. */
  const tell = (paths: readonly string[]) => {
    if (paths.length === 0) return;
    for (const listener of listeners) {
      try {
        listener(paths);
      } catch (error) {
        log('error', 'listener_failed', { error });
      }
    }
  };

  const apply = (written: readonly DraftFiles[]) => {
    seq++;
    tell(written.flatMap(show));
  };

  /** Puts files into the index. */
  const show = (f: DraftFiles): string[] => {
    const born = (path: string) => {
      const before = index.get(path) as Held | null;
      return { seq, writtenAt: now(), replaced: before?.xetHash ?? before?.replaced };
    };
    let last: { content: unknown; entry: Held; body: string } | null = null;
    for (const { path, content } of f.adds ?? []) {
      if (!isIndexed(path)) continue;
      const about = { size: Buffer.byteLength(content), ...born(path) };
      // Copies of one text share its head in memory.
      if (last === null || last.content !== content) {
        const text: string = typeof content === 'string' ? content : new TextDecoder().decode(content);
        last = { content, ...entryOf(path, text, about) };
      }
      const { frontmatter, malformed } = last.entry;
      const entry = { ...bare(path, about), frontmatter, malformed };
      index.put(entry);
      bodies.put(entry, last.body);
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

  const keeper = new Keeper({
    ...deps,
    index,
    bodies,
    mentions: profile.mentions,
    loneCopies: profile.loneCopies,
    seq: () => seq,
    onListed(changed) {
      committer.notBefore(newestStamp(index, now()));
      tell(changed);
    },
  });

  const looks = slidingWindows([{ count: profile.looks, spanMs: 60_000 }], now);

  const begin = async () => {
    await own.claim();
    await keeper.begin();
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
      await deps.sleep(Math.max(settings.LISTING_TTL_S, MIN_LISTING_S) * 1000, signal);
      if (signal.aborted) break;
      await keeper.refresh().catch(() => {});
      await keeper.snapshot();
    }
  };

  return {
    private: files,
    run,
    get stale() {
      return keeper.stale;
    },
    get version() {
      return `${index.version}${keeper.stale ? ' stale' : ''}`;
    },
    get health() {
      return {
        records: index.size,
        queue: committer.waiting,
        groups: committer.groups,
        journal: journal.size,
        stale: keeper.stale,
        writer: own.mine,
        listed_at: keeper.listedAt === null ? null : isoStamp(keeper.listedAt),
      };
    },
    folder: (path) => index.folder(path),
    get: (path) => index.get(path),
    async look(path) {
      if (index.get(path) === null && looks('') === null)
        await keeper.lookFor(path).catch(hubFailure(`look for ${path}`));
      return index.get(path);
    },
    below: (prefix) => index.below(prefix),
    handles: () => index.subfolders('inbox'),
    async read(entries, asker) {
      const held = entries.map((entry) => bodies.held(entry));
      if (asker && held.includes(undefined)) admitDownloads(asker, bodies.missing(entries));
      return Promise.all(entries.map((entry, i) => held[i] ?? bodies.get(entry)));
    },
    bytes: (path, maxBytes) => hub.readFile(bucket, path, { maxBytes }).catch(hubFailure(`read ${path}`)),
    async uploadedAt(path) {
      const [file] = await hub.pathsInfo(bucket, [path]).catch(hubFailure(`ask for ${path}`));
      return file?.uploadedAt ? Date.parse(file.uploadedAt) : null;
    },
    async ready() {
      if (loaded) return settings.LISTING_TTL_S > 0 ? undefined : keeper.again().catch(() => {});
      await (first ?? Promise.reject(new Error('not started'))).catch((cause: unknown) => {
        throw new ApiError('HUB_UNAVAILABLE', 'the record could not be read yet', { cause, retryAfterS: 5 });
      });
    },
    async refresh() {
      await keeper.refresh().catch(hubFailure('list the record'));
    },
    async close() {
      await committer.drained();
      if (own.mine) await keeper.snapshot(true);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    submit: <T>(draft: Draft<T>) => committer.submit(draft),
  };
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
