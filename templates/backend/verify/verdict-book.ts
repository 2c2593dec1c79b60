import { ApiError } from '@collab/contract/errors.ts';
import { resultPath, VERDICTS, VERIFICATION_INDEX, verdictPath } from '@collab/contract/paths.ts';
import { fileStamp } from '@collab/contract/stamps.ts';
import { type HumanEdit, humanEdits, readIndex, writeIndex } from '../domain/verification/index-file.ts';
import { type Judgement, judge, UNJUDGED } from '../domain/verification/judgement.ts';
import {
  readVerdict,
  type StampedVerdict,
  type Verdict,
  writeVerdict,
} from '../domain/verification/verdict.ts';
import type { Log } from '../log.ts';
import { serialised } from '../store/private.ts';
import type { DraftFiles, Moment, Part, SharedFile, Store } from '../store/types.ts';
import { readVerdictFiles, writeCopy } from './verdict-cache.ts';

/** Author name of verdicts that were taken in from an edit of the index file. */
const INDEX_EDITOR = 'organizer';
/** So many downloads at once are worth a copy for the next start. */
const COPY_AFTER = 20;
/** Verdicts handed to the committer together. */
const AT_ONCE = 256;
const MAX_INDEX_BYTES = 16 * 1024 * 1024;

/** Every verdict of the record, and the index file that other programs read and people edit. */
export interface VerdictBook {
  /** Resolves when every verdict file of the record is known. */
  ready(): Promise<void>;
  /** And when what people had written into the index was taken in, or could not be. */
  current(): Promise<void>;
  judgement(result: string): Judgement;
  verdicts(result: string): readonly StampedVerdict[];
  /** What a person wrote into the index for the result and no state is called. */
  mark(result: string): string | undefined;
  /** Takes in what people changed in the index file. To be called before any write of it. */
  importEdits(): Promise<void>;
  /** A new result's entry in the index. */
  pending(result: string): Part;
  /** Writes a verdict, the index, and whatever `more` adds, in one batch. */
  record(verdict: Omit<Verdict, 'at'>, more?: (verdict: Verdict, at: Moment) => DraftFiles): Promise<Verdict>;
  /** Grows with every change. */
  readonly version: number;
}

/** @param atOnce an edit that a listing has shown is waited for; otherwise only those of before the start. */
export function verdictBook(store: Store, log: Log, atOnce = false): VerdictBook {
  const known = new Map<string, StampedVerdict[]>();
  const judged = new Map<string, Judgement>();
  const loadedPaths = new Set<string>();
  /** Entries of the index file that mean nothing to us; kept as their author wrote them. */
  let foreign = new Map<string, string>();
  /** Verdicts on their way into the record: path to text. */
  const sent = new Map<string, string>();
  /** States that a failed write may have left in the index file: nobody's word. */
  const attempted = new Map<string, string>();
  /** What waits for the next round. */
  const waiting: (() => Promise<unknown>)[] = [];
  let next: Promise<void> | null = null;
  const alone = serialised();
  let version = 0;
  let loading: Promise<void> | null = null;
  let imported: Promise<void> | null = null;

  store.onChange((paths) => {
    for (const path of paths) {
      const text = sent.get(path);
      if (text !== undefined && sent.delete(path)) add(path, text);
    }
    if (paths.some((path) => path.startsWith(VERDICTS) && !loadedPaths.has(path))) loading = null;
    if (paths.some((path) => path.startsWith('results/') || path.startsWith('agents/'))) version++;
  });

  function add(path: string, text: string): void {
    loadedPaths.add(path);
    const verdict = readVerdict(path, text);
    if (!verdict) return log('warn', 'verdict_unreadable', { path });
    const list = (known.get(verdict.result) ?? []).filter(
      (other) => other.stamp !== verdict.stamp || other.by.id !== verdict.by.id,
    );
    known.set(verdict.result, [...list, verdict]);
    judged.delete(verdict.result);
    version++;
  }

  async function load(): Promise<void> {
    const fresh = store.below(VERDICTS).filter((entry) => !loadedPaths.has(entry.path));
    const { files, downloaded } = await readVerdictFiles(store, fresh);
    for (const { path, text } of files) add(path, text);
    if (downloaded < COPY_AFTER) return;
    const all = [...known.values()].flat().map((verdict) => {
      const { stamp, ...content } = verdict;
      return { path: verdictPath(verdict.result, stamp, verdict.by.id), text: writeVerdict(content) };
    });
    await writeCopy(store, all).catch((error) => log('warn', 'verdict_copy_not_written', { error }));
  }

  function judgement(result: string): Judgement {
    const cached = judged.get(result);
    if (cached) return cached;
    const fresh = known.has(result) ? judge(known.get(result) ?? []) : UNJUDGED;
    judged.set(result, fresh);
    return fresh;
  }

  function states(): Map<string, string> {
    const names = store
      .folder('results')
      .entries()
      .map((entry) => entry.name);
    return new Map(names.map((name) => [name, judgement(name).state]));
  }

  const index: SharedFile = {
    path: VERIFICATION_INDEX,
    render: (changes) => writeIndex(new Map([...states(), ...foreign, ...changes])),
  };

  /** All of them in one batch: a half-taken import would put the rest of an edit back. */
  async function write(
    verdicts: readonly Omit<Verdict, 'at'>[],
    more?: (verdicts: readonly Verdict[], at: Moment) => DraftFiles,
  ): Promise<Verdict[]> {
    const states = new Map<string, string>();
    const paths: string[] = [];
    const build = (at: Moment) => {
      const written = verdicts.map((verdict): Verdict => ({ ...verdict, at: at.iso }));
      const files = written.map((verdict) => ({
        path: verdictPath(verdict.result, at.file, verdict.by.id),
        content: writeVerdict(verdict),
      }));
      for (const { path, content } of files) {
        sent.set(path, content);
        paths.push(path);
      }
      for (const verdict of written) states.set(verdict.result, stateWith(verdict, at));
      const extra = more?.(written, at) ?? {};
      const adds = [...files, ...(extra.adds ?? [])];
      return { files: { ...extra, adds, part: { file: index, changes: states } }, answer: written };
    };
    try {
      const locks = [...new Set(verdicts.map(({ result }) => `verdict:${result}`))];
      const { answer } = await store.submit({ locks, build });
      keep(new Map([...foreign].filter(([result]) => !states.has(result))));
      return answer;
    } catch (error) {
      for (const [result, state] of states) attempted.set(result, state);
      if (!isUnsettled(error)) for (const path of paths) sent.delete(path);
      throw error;
    }
  }

  function stateWith(verdict: Verdict, at: Moment): string {
    return judge([...(known.get(verdict.result) ?? []), { ...verdict, stamp: at.file }]).state;
  }

  function keep(entries: Map<string, string>): void {
    if (String([...entries]) !== String([...foreign])) version++;
    foreign = entries;
  }

  async function importEdits(): Promise<void> {
    const bytes = await store.bytes(VERIFICATION_INDEX, MAX_INDEX_BYTES);
    if (bytes === null) return keep(new Map());
    const text = new TextDecoder().decode(bytes);
    const found = readIndex(text);
    if (!found) throw new IndexUnreadable();
    const exists = (result: string) => store.get(resultPath(result)) !== null;
    const { edits, unknown } = humanEdits(states(), found);
    keep(
      new Map(
        [...found].filter(([result, state]) =>
          exists(result) ? unknown.some((u) => u.result === result) : state !== 'pending',
        ),
      ),
    );
    if (unknown.length > 0) log('warn', 'verdict_states_unknown', { entries: unknown.slice(0, 20) });
    const asked = edits.filter(({ result, state }) => exists(result) && attempted.get(result) !== state);
    const verdicts = (await withoutStale(asked)).map(importedVerdict);
    const left = (attempted.size > 0 || verdicts.length < asked.length) && text !== index.render(new Map());
    if (verdicts.length > 0) log('info', 'verdicts_imported', { count: verdicts.length });
    if (verdicts.length > 0 || left) await write(verdicts);
    attempted.clear();
  }

  /** A `pending` that is older than the verdict it would undo is what a broken-off write left behind, not a person's word. */
  async function withoutStale(edits: readonly HumanEdit[]): Promise<readonly HumanEdit[]> {
    if (!edits.some(({ state }) => state === 'pending')) return edits;
    const at = await store.uploadedAt(VERIFICATION_INDEX);
    if (at === null) return edits;
    const since = fileStamp(at);
    const newest = (result: string) =>
      (known.get(result) ?? [])
        .map(({ stamp }) => stamp)
        .sort()
        .at(-1) ?? '';
    return edits.filter(({ result, state }) => state !== 'pending' || newest(result) <= since);
  }

  /** Whatever was asked for before it starts shares one look at the file and one group of writes. */
  function round(): Promise<void> {
    next ??= alone('index', async () => {
      next = null;
      const writes = waiting.splice(0);
      await importEdits();
      for (let i = 0; i < writes.length; i += AT_ONCE)
        await Promise.allSettled(writes.slice(i, i + AT_ONCE).map((write) => write()));
    });
    return next;
  }

  const ready = () => {
    loading ??= load().catch((error) => {
      loading = null;
      throw error;
    });
    return loading;
  };

  const takeEdits = () => {
    const taken = ready().then(round);
    if (atOnce || imported === null) imported = taken.catch(() => {});
    return taken;
  };

  return {
    ready,
    async current() {
      await ready();
      if (imported === null) void takeEdits();
      await imported;
    },
    judgement,
    verdicts: (result) => known.get(result) ?? [],
    mark: (result) => foreign.get(result),
    importEdits: takeEdits,
    pending: (result) => ({ file: index, changes: new Map([[result, 'pending']]) }),
    record: async (verdict, more) => {
      await ready();
      return new Promise((resolve, reject) => {
        waiting.push(() =>
          write([verdict], more && (([only], at) => more(only as Verdict, at))).then(
            ([written]) => resolve(written as Verdict),
            reject,
          ),
        );
        round().catch(reject);
      });
    },
    get version() {
      return version;
    },
  };
}

const isUnsettled = (error: unknown) => error instanceof ApiError && error.code === 'WRITE_UNSETTLED';

function importedVerdict({ result, state }: HumanEdit): Omit<Verdict, 'at'> {
  const by = { kind: 'human' as const, id: INDEX_EDITOR };
  return { schema: 1, result, state, by, reason: `set in ${VERIFICATION_INDEX}`, gates: [] };
}

/** The index file is there and is no index: it is somebody's half-finished edit, so nothing is written over it. */
export class IndexUnreadable extends Error {
  override name = 'IndexUnreadable';
  constructor() {
    super(`${VERIFICATION_INDEX} is not a JSON object; repair it by hand`);
  }
}
