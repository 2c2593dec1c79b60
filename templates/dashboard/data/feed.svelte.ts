import { untrack } from 'svelte';
import { type Message, toMessage } from '../model/message.ts';
import { Flight } from './flight.ts';
import { ApiError, type Http } from './http.ts';
import type { MessageRecord, Page } from './types.ts';

const PAGE = 100;
const DELTA = 200;

/** Messages of one folder, newest first: the newest page at once, older ones on demand, new ones by cursor. */
export class Feed {
  messages = $state.raw<Message[]>([]);
  /** Messages on the server, loaded or not. */
  total = $state(0);
  more = $state(false);
  #open = $state(0);
  loaded = $state(false);
  error = $state.raw<ApiError | null>(null);
  readonly #http: Http;
  readonly #path: string;
  readonly #only: Record<string, string>;
  readonly #known = new Map<string, Message>();
  readonly #newest = new Flight(() => this.#guard(() => (this.loaded ? this.#newer() : this.#first())));
  readonly #oldest = new Flight(() => this.#guard(() => this.#older()));

  /** @param only what the server filters by, as `agent` or `q`. */
  constructor(http: Http, path: string, only: Record<string, string> = {}) {
    this.#http = http;
    this.#path = path;
    this.#only = only;
  }

  get(filename: string): Message | undefined {
    return this.#known.get(filename);
  }

  get loading(): boolean {
    return this.#open > 0;
  }

  /** Single flight; never throws. An effect that calls it depends on nothing of it. */
  refresh(): Promise<void> {
    return untrack(() => this.#newest.join());
  }

  /** As `refresh`, but asks after this call: something was written. */
  renew(): Promise<void> {
    return untrack(() => this.#newest.anew());
  }

  loadOlder(): Promise<void> {
    return untrack(() => this.#oldest.join());
  }

  async #older(): Promise<void> {
    const last = this.messages.at(-1);
    if (!this.more || !last) return;
    const page = await this.#page({ limit: DELTA, order: 'desc', before: last.filename });
    this.more = page.next !== null;
    this.messages = [...this.messages, ...this.#take(page.items)];
  }

  async #first(): Promise<void> {
    const page = await this.#page({ limit: PAGE, order: 'desc' });
    this.total = page.matched;
    this.more = page.next !== null;
    this.messages = this.#take(page.items);
    this.loaded = true;
  }

  async #newer(): Promise<void> {
    const newest = this.messages[0];
    if (!newest) return this.#first();
    for (let after: string | null = newest.filename; after !== null; ) {
      const page: Page<MessageRecord> = await this.#page({ limit: DELTA, order: 'asc', after });
      this.total = page.matched;
      const fresh = this.#take(page.items).reverse();
      if (fresh.length > 0) this.messages = [...fresh, ...this.messages];
      after = page.next;
    }
  }

  #page(query: Record<string, string | number>): Promise<Page<MessageRecord>> {
    const search = new URLSearchParams({ expand: 'true', ...this.#only, ...mapValues(query, String) });
    return this.#http.get(`${this.#path}?${search}`);
  }

  #take(records: MessageRecord[]): Message[] {
    const fresh = records.filter((r) => !this.#known.has(r.filename)).map(toMessage);
    for (const message of fresh) this.#known.set(message.filename, message);
    return fresh;
  }

  async #guard(work: () => Promise<void>): Promise<void> {
    this.#open++;
    try {
      await work();
      this.error = null;
    } catch (error) {
      this.error = ApiError.of(error);
    } finally {
      this.#open--;
    }
  }
}

const mapValues = <A, B>(record: Record<string, A>, change: (a: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([k, v]) => [k, change(v)]));
