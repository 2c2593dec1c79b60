/** The index: sorted lists with posting lists, so that a page costs what it shows and not what the record holds. */
import { folderOf } from '@collab/contract/paths.ts';
import { firstAt } from '../domain/collect.ts';
import type { Entry, Facet, FolderView } from './types.ts';

/** First position whose path is not below `path`. */
const lowerBound = (list: readonly Entry[], path: string) => firstAt(list, (entry) => entry.path >= path);

/** Puts an entry in its place; one with the same path is replaced. Appending is the common case. */
function insert(list: Entry[], entry: Entry): void {
  const last = list.at(-1);
  if (last === undefined || last.path < entry.path) {
    list.push(entry);
    return;
  }
  const at = lowerBound(list, entry.path);
  list.splice(at, list[at]?.path === entry.path ? 1 : 0, entry);
}

function remove(list: Entry[], path: string): void {
  const at = lowerBound(list, path);
  if (list[at]?.path === path) list.splice(at, 1);
}

export function facetValue(entry: Entry, facet: Facet): string | undefined {
  if (facet === 'agent') return entry.author;
  const value = entry.frontmatter[facet];
  return value === undefined || value === null || typeof value === 'object' ? undefined : String(value);
}

/** Posting lists of a facet are made when it is first asked for: a start pays for none, an unread inbox never does. */
class Folder implements FolderView {
  version = 0;
  readonly list: Entry[] = [];
  private readonly postings = new Map<Facet, Map<string, Entry[]>>();

  get count(): number {
    return this.list.length;
  }

  entries(): readonly Entry[] {
    return this.list;
  }

  where(facet: Facet, value: string): readonly Entry[] {
    let lists = this.postings.get(facet);
    if (!lists) {
      lists = new Map();
      for (const entry of this.list) post(lists, facet, entry);
      this.postings.set(facet, lists);
    }
    return lists.get(value) ?? [];
  }

  put(entry: Entry): void {
    this.version++;
    insert(this.list, entry);
    for (const [facet, lists] of this.postings) post(lists, facet, entry);
  }

  drop(entry: Entry): void {
    this.version++;
    remove(this.list, entry.path);
    for (const [facet, lists] of this.postings) {
      const value = facetValue(entry, facet);
      const list = value === undefined ? undefined : lists.get(value);
      if (!list || value === undefined) continue;
      remove(list, entry.path);
      if (list.length === 0) lists.delete(value);
    }
  }
}

function post(lists: Map<string, Entry[]>, facet: Facet, entry: Entry): void {
  const value = facetValue(entry, facet);
  if (value === undefined) return;
  const list = lists.get(value);
  if (list) insert(list, entry);
  else lists.set(value, [entry]);
}

const EMPTY: FolderView = { version: 0, count: 0, entries: () => [], where: () => [] };

const topOf = (path: string) => path.slice(0, path.indexOf('/'));

/** A markdown record, not a README. */
const isRecord = (path: string) => path.endsWith('.md') && !/(^|\/)readme\.md$/i.test(path);

export class IndexData {
  private readonly files = new Map<string, Entry>();
  private readonly folders = new Map<string, Folder>();
  /** Every file of a top-level folder, for prefix reads. */
  private readonly tops = new Map<string, Entry[]>();

  /** Grows with every change. */
  version = 0;

  get size(): number {
    return this.files.size;
  }

  get(path: string): Entry | null {
    return this.files.get(path) ?? null;
  }

  folder(path: string): FolderView {
    return this.folders.get(path) ?? EMPTY;
  }

  below(prefix: string): readonly Entry[] {
    const list = this.tops.get(topOf(`${prefix}/`)) ?? [];
    const from = lowerBound(list, prefix);
    let to = lowerBound(list, `${prefix}\uffff`);
    while (to < list.length && (list[to] as Entry).path.startsWith(prefix)) to++;
    return from === 0 && to === list.length ? list : list.slice(from, to);
  }

  /** Leaves of a folder's sub-folders: `subfolders('inbox')` → handles. */
  subfolders(path: string): string[] {
    const head = `${path}/`;
    return [...this.folders.keys()].filter((f) => f.startsWith(head)).map((f) => f.slice(head.length));
  }

  put(entry: Entry): void {
    const before = this.files.get(entry.path);
    if (before) this.drop(entry.path);
    this.version++;
    this.files.set(entry.path, entry);
    const top = this.tops.get(topOf(entry.path));
    if (top) insert(top, entry);
    else this.tops.set(topOf(entry.path), [entry]);
    if (!isRecord(entry.path)) return;
    const path = folderOf(entry.path);
    let folder = this.folders.get(path);
    if (!folder) {
      folder = new Folder();
      this.folders.set(path, folder);
    }
    folder.put(entry);
  }

  drop(path: string): void {
    const entry = this.files.get(path);
    if (!entry) return;
    this.version++;
    this.files.delete(path);
    const top = this.tops.get(topOf(path));
    if (top) remove(top, path);
    const folder = this.folders.get(folderOf(path));
    folder?.drop(entry);
    if (folder?.count === 0) this.folders.delete(folderOf(path));
  }

  /** All entries in path order of their top-level folders. */
  *all(): Generator<Entry> {
    for (const list of this.tops.values()) yield* list;
  }

  /** Puts many; fastest when each top-level folder comes in path order. */
  load(entries: Iterable<Entry>): void {
    for (const entry of entries) this.put(entry);
  }
}
