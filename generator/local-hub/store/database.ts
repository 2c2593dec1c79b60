import { Journal } from './journal.ts';
import type { Op } from './records.ts';
import type { Tables } from './tables.ts';

type Undo = () => void;

const COMPACT_AT_BYTES = 64 * 1024 * 1024;

/**
 * A small key-value database: tables in memory, every change in a journal. A change is visible at once (so that a
 * check and the write that follows it are one step) and undone if it cannot be made durable.
 */
export class Database {
  private readonly tables = new Map<string, Map<string, unknown>>();
  private readonly versions = new Map<string, number>();
  private readonly journal: Journal;
  private compactAt = COMPACT_AT_BYTES;
  private pending = 0;

  private constructor(journal: Journal) {
    this.journal = journal;
  }

  /** @throws CollabError STORE_CORRUPT */
  static async open(path: string): Promise<Database> {
    const { journal, records } = await Journal.open(path);
    const db = new Database(journal);
    for (const ops of records) for (const op of ops) db.apply(op);
    if (records.length > 1000 + 2 * db.rows()) await db.compact();
    return db;
  }

  private rows(): number {
    return [...this.tables.values()].reduce((sum, rows) => sum + rows.size, 0);
  }

  get<T extends keyof Tables>(table: T, key: string): Tables[T] | undefined {
    return this.tables.get(table)?.get(key) as Tables[T] | undefined;
  }

  table<T extends keyof Tables>(table: T): ReadonlyMap<string, Tables[T]> {
    return (this.tables.get(table) ?? new Map()) as ReadonlyMap<string, Tables[T]>;
  }

  values<T extends keyof Tables>(table: T): Tables[T][] {
    return [...this.table(table).values()];
  }

  /** Grows with every change of the table. */
  version(table: keyof Tables): number {
    return this.versions.get(table) ?? 0;
  }

  /** All of `ops` or none. Kept once they are durable; on failure (disk full) they are undone. */
  async write(...ops: Op[]): Promise<void> {
    if (ops.length === 0) return;
    const undo = ops.map((op) => this.apply(op));
    this.pending++;
    try {
      await this.journal.append(ops);
    } catch (error) {
      for (const step of undo.reverse()) step();
      throw error;
    } finally {
      this.pending--;
    }
    if (this.pending === 0 && this.journal.size > this.compactAt) await this.compact();
  }

  async close(): Promise<void> {
    await this.journal.close();
  }

  private async compact(): Promise<void> {
    this.compactAt = Number.POSITIVE_INFINITY;
    try {
      await this.journal.rewrite([...this.snapshot()]);
    } finally {
      this.compactAt = Math.max(COMPACT_AT_BYTES, 2 * this.journal.size);
    }
  }

  private *snapshot(): Iterable<Op[]> {
    for (const [t, rows] of this.tables) for (const [k, v] of rows) yield [{ t, k, v }];
  }

  private apply(op: Op): Undo {
    this.versions.set(op.t, (this.versions.get(op.t) ?? 0) + 1);
    const rows = this.tables.get(op.t) ?? new Map<string, unknown>();
    if ('drop' in op) {
      this.tables.delete(op.t);
      return () => this.restore(op.t, rows);
    }
    this.tables.set(op.t, rows);
    const before = rows.get(op.k);
    if (op.v === undefined) rows.delete(op.k);
    else rows.set(op.k, op.v);
    return () => this.revert(op.t, op.k, before);
  }

  private restore(table: string, rows: Map<string, unknown>): void {
    this.tables.set(table, rows);
    this.versions.set(table, (this.versions.get(table) ?? 0) + 1);
  }

  private revert(table: string, key: string, before: unknown): void {
    this.apply({ t: table, k: key, v: before });
  }
}

/** Sets a row. */
export function put<T extends keyof Tables>(table: T, key: string, value: Tables[T]): Op {
  return { t: table, k: key, v: value };
}

/** Removes a row. */
export function remove(table: keyof Tables, key: string): Op {
  return { t: table, k: key };
}

/** Empties a table. */
export function drop(table: keyof Tables): Op {
  return { t: table, drop: true };
}
