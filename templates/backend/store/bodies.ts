/** Bodies of records: a cache bounded in bytes, where what is asked for stays longest, in front of a few downloads at a time. */
import { ApiError } from '@collab/contract/errors.ts';
import type { HubPort } from '@collab/hub/port.ts';
import { parseRecord } from '../codec/frontmatter.ts';
import { isBeyondBound } from './hub-failure.ts';
import type { Entry, StoredRecord } from './types.ts';

/** A foreign record over this size is listed as malformed and never loaded. */
const MAX_FOREIGN_BYTES = 4 * 1024 * 1024;
/** A head, and what a file may have grown by since it was listed. */
const ROOM_BYTES = 64 * 1024;

/** The largest record that is ever held: one that may be posted, or a foreign one. */
export const maxRecordBytes = (messageMaxBytes: number) =>
  Math.max(MAX_FOREIGN_BYTES, messageMaxBytes + ROOM_BYTES);

/** UTF-16 units plus what an entry of the map costs, in bytes. */
const cost = (body: string) => body.length * 2 + 300;

/** Runs at most `width` of them at a time. */
export function limiter(width: number): <T>(task: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (running >= width) await new Promise<void>((go) => waiting.push(go));
    else running++;
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}

interface Held {
  entry: Entry;
  record: StoredRecord;
  /** Since it was last looked at for its turn to go. */
  asked: boolean;
}

export class Bodies {
  /** Each record is made once, with the entry it was made of. Oldest first. */
  private readonly cache = new Map<string, Held>();
  private readonly flights = new Map<string, Promise<StoredRecord>>();
  private readonly slot = limiter(16);
  private bytes = 0;
  private readonly hub: HubPort;
  private readonly bucket: string;
  private readonly maxBytes: number;
  /** Of one record. */
  readonly largest: number;

  constructor(hub: HubPort, bucket: string, maxBytes: number, largest: number) {
    this.largest = largest;
    this.hub = hub;
    this.bucket = bucket;
    this.maxBytes = maxBytes;
  }

  put(entry: Entry, body: string): StoredRecord {
    const record = { ...entry, body };
    this.drop(entry.path);
    this.cache.set(entry.path, { entry, record, asked: true });
    this.bytes += cost(body);
    for (const [path, held] of this.cache) {
      if (this.bytes <= this.maxBytes || this.cache.size <= 1) break;
      if (held.asked) this.spare(path, held);
      else this.drop(path);
    }
    return record;
  }

  /** What was asked for goes to the end of the line, once: dearer at each read would be to move it then. */
  private spare(path: string, held: Held): void {
    held.asked = false;
    this.cache.delete(path);
    this.cache.set(path, held);
  }

  drop(path: string): void {
    const old = this.cache.get(path);
    if (!old) return;
    this.bytes -= cost(old.record.body);
    this.cache.delete(path);
  }

  /** An entry with its body when it is in memory: most are, and a page of them then needs no promises. */
  held(entry: Entry): StoredRecord | undefined {
    const hit = this.cache.get(entry.path);
    if (hit?.entry !== entry) return undefined;
    hit.asked = true;
    return hit.record;
  }

  /** How many of them would have to be asked for at the Hub. */
  missing(entries: readonly Entry[]): number {
    return entries.filter((e) => this.cache.get(e.path)?.entry !== e && !this.flights.has(e.path)).length;
  }

  /** An entry with its body, from memory or the Hub; of one that is too large where it is. @throws ApiError HUB_UNAVAILABLE when it cannot be had. */
  async get(entry: Entry): Promise<StoredRecord> {
    const held = this.held(entry);
    if (held !== undefined) return held;
    const flight = this.flights.get(entry.path) ?? this.fetch(entry);
    this.flights.set(entry.path, flight);
    return flight.finally(() => this.flights.delete(entry.path));
  }

  private async fetch(entry: Entry): Promise<StoredRecord> {
    const bytes = await this.slot(() => this.load(entry)).catch((cause: unknown) => {
      throw new ApiError('HUB_UNAVAILABLE', `could not read ${entry.path}`, { cause, retryAfterS: 5 });
    });
    if (bytes === null)
      throw new ApiError('HUB_UNAVAILABLE', `${entry.path} is listed but cannot be read`, { retryAfterS: 5 });
    const text = bytes === 'too large' ? null : new TextDecoder().decode(bytes);
    const body =
      text === null ? this.pointerTo(entry) : entry.path.endsWith('.md') ? parseRecord(text).body : text;
    return this.put(entry, body);
  }

  /** Never more than the listing promised, whatever is sent. */
  private async load(entry: Entry): Promise<Uint8Array | null | 'too large'> {
    if (entry.size > this.largest) return 'too large';
    const maxBytes = Math.min(entry.size + ROOM_BYTES, this.largest);
    return this.hub.readFile(this.bucket, entry.path, { maxBytes }).catch((error: unknown) => {
      if (isBeyondBound(error)) return 'too large' as const;
      throw error;
    });
  }

  private pointerTo({ path }: Entry): string {
    return `This file is too large to be shown here. Read it with: hf buckets cp hf://buckets/${this.bucket}/${path} .`;
  }
}
