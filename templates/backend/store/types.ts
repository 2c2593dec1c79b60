/**
 * The seam between routes and the record. Reads come from an index in memory (no Hub call, cost independent of N);
 * every write of the central bucket goes through the one committer.
 */
import type { Frontmatter } from '@collab/contract/schemas.ts';
import type { BucketFile } from '@collab/hub/port.ts';
import type { Asker } from './cold-reads.ts';

/** One indexed file. Frontmatter is always in memory; the body is fetched when it has been evicted. */
export interface Entry {
  /** Path in the central bucket. */
  path: string;
  /** Last component: `{stamp}_{agent}.md`. */
  name: string;
  /** Bytes. */
  size: number;
  /** Unknown until the Hub listed it, when this server wrote it. */
  xetHash: string | undefined;
  /** `{}` for files that are not markdown, and when `malformed`. */
  frontmatter: Frontmatter;
  /** The head does not parse: never a crash, never silently a good record. */
  malformed: boolean;
  /** From the name, never from the frontmatter. */
  author: string;
}

/** Whole record. `body` is byte-identical to what was posted. */
export interface StoredRecord extends Entry {
  body: string;
}

/** Facets with posting lists: a filter on one of them costs nothing of N. */
export type Facet =
  | 'agent'
  | 'type'
  | 'via'
  | 'status'
  | 'idempotency'
  | 'source_sha256'
  | 'thread'
  | 'hf_user';

/** Entries sorted by path, ascending. `README.md` is not a record (it is found by `get`). */
export interface FolderView {
  /** Changes with every change. */
  readonly version: number | string;
  readonly count: number;
  /** Ascending. Do not change it. */
  entries(): readonly Entry[];
  /** Those whose frontmatter (or, for `agent`, author) has this value. Ascending. Do not change it. */
  where(facet: Facet, value: string): readonly Entry[];
}

export interface ReadStore {
  /** Records (`.md`, not README) directly in a folder: `message_board`, `results`, `agents`, `broadcasts`, `inbox/{handle}`. */
  folder(path: string): FolderView;
  /** Any indexed file by its path, READMEs and non-markdown files too. */
  get(path: string): Entry | null;
  /** Like `get`, but asks the Hub for a file the index does not know, a few times a minute: someone else may have put it there. */
  look(path: string): Promise<Entry | null>;
  /** Every indexed file whose path starts with `prefix`, ascending: `taskforces/x/`, `traces/`. */
  below(prefix: string): readonly Entry[];
  /**
   * Entries with their bodies, same order. Throws HUB_UNAVAILABLE rather than leaving one out, and RATE_LIMITED when
   * `asker` caused too many downloads; without one the server asks for itself.
   */
  read(entries: readonly Entry[], asker?: Asker): Promise<StoredRecord[]>;
  /** A file of the central bucket that is not indexed, or raw bytes of one that is. `null`: no such file. */
  bytes(path: string, maxBytes: number): Promise<Uint8Array | null>;
  /** When the file of the central bucket was last put there, in ms; `null`: there is none, or the Hub does not say. */
  uploadedAt(path: string): Promise<number | null>;
  /** Resolves when the index has its first complete picture; throws HUB_UNAVAILABLE while it has none. */
  ready(): Promise<void>;
  /** Asks for a fresh listing of foreign edits now (verdict imports, tests). */
  refresh(): Promise<void>;
  /** True while the last listing failed: the picture is older than LISTING_TTL_S. */
  readonly stale: boolean;
  /** Called after every change of the index with the changed paths, in commit order. Returns the way to stop. */
  onChange(listener: (paths: readonly string[]) => void): () => void;
}

/** A file that is written once for all drafts of a batch that change it. */
export interface SharedFile {
  path: string;
  /** The whole file, when the batch is formed: the index then shows every batch before it. */
  render(changes: ReadonlyMap<string, string>): string;
}

/** One draft's part of a shared file. It fails with the file, like any other of its files. */
export interface Part {
  file: SharedFile;
  changes: ReadonlyMap<string, string>;
}

/** Files of one write. All of a draft's files go to the Hub in one batch, together with other drafts of its group. */
export interface DraftFiles {
  adds?: { path: string; content: string | Uint8Array }[];
  /** Copies by hash, from any bucket the server can read. `size` in bytes, for the index. */
  copies?: { path: string; xetHash: string; sourceBucket: string; size: number }[];
  deletes?: string[];
  /** What the draft changes in a file that many drafts change. */
  part?: Part;
  /** Paths (inbox copies) whose failure alone does not fail the draft: they are retried from a journal. */
  soft?: string[];
}

/** A moment of the record: unique, monotonic over the whole server, taken when the group is formed. */
export interface Moment {
  ms: number;
  /** `YYYYMMDD-HHmmss-mmm`. */
  file: string;
  /** `YYYY-MM-DD HH:MM UTC`. */
  minute: string;
  iso: string;
}

export interface Draft<T> {
  /**
   * Two drafts that share a lock never stand in one group, so `build` of the second one sees the first one in the
   * index. Examples: `agent:{id}`, `taskforce:{name}`, `idem:{key}`, `dedup:{agent}:{sha}`.
   */
  locks?: string[];
  /**
   * Runs once, when the group is formed, with the index as it stands: last checks (throw ApiError to refuse) and the
   * files. Must be synchronous. Return no files to answer without writing (idempotent replay).
   */
  build(at: Moment): { files: DraftFiles | null; answer: T };
}

export interface Committed<T> {
  answer: T;
  at: Moment;
  /** Soft paths that are still to be delivered. */
  pending: string[];
}

export interface WriteStore {
  /**
   * Resolves after the Hub acknowledged the batch and the index shows it. Throws ApiError: HUB_UNAVAILABLE (nothing
   * written), WRITE_UNSETTLED (not known yet), NOT_WRITER, or what `build` threw.
   */
  submit<T>(draft: Draft<T>): Promise<Committed<T>>;
}

/** The private bucket. Writes to one path are serialised; `null` means the Hub said there is no such file. */
export interface PrivateFiles {
  readonly bucket: string;
  readText(path: string, maxBytes?: number): Promise<string | null>;
  readJson<T>(path: string): Promise<T | null>;
  writeText(path: string, text: string): Promise<void>;
  writeJson(path: string, value: unknown): Promise<void>;
  /** New files that nothing else writes, in one batch. */
  writeFiles(files: readonly { path: string; content: Uint8Array }[]): Promise<void>;
  /** Read, change, write under the path's lock. Return `undefined` from `change` to leave the file alone. */
  updateText(path: string, change: (before: string | null) => string | undefined): Promise<void>;
  list(prefix: string): Promise<BucketFile[]>;
}

export interface Store extends ReadStore, WriteStore {
  readonly private: PrivateFiles;
}
