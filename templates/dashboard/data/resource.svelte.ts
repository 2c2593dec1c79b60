import { untrack } from 'svelte';
import { Flight } from './flight.ts';
import { ApiError, type Http } from './http.ts';

/**
 * One thing the page shows, with everything a view must say about it: never loaded, loading, there, empty to the
 * view's own taste, failed, or there but stale because the last refresh failed.
 */
export class Resource<T> {
  value = $state.raw<T | null>(null);
  error = $state.raw<ApiError | null>(null);
  loading = $state(false);
  loadedAt = $state<number | null>(null);
  readonly #load: () => Promise<T>;
  readonly #flight = new Flight(() => this.#run());

  /** @param load is told apart from others by what was read before: where that changes, make another resource. */
  constructor(load: () => Promise<T>) {
    this.#load = load;
  }

  /** What the server has at `path`. */
  static at<T>(http: Http, path: string): Resource<T> {
    return new Resource<T>(() => http.get(path));
  }

  get stale(): boolean {
    return this.error !== null && this.value !== null;
  }

  /** Single flight; never throws, the error is part of the state. An effect that calls it depends on nothing of it. */
  refresh(): Promise<void> {
    return untrack(() => this.#flight.join());
  }

  /** As `refresh`, but asks after this call: something was written, or somebody else is logged in. */
  renew(): Promise<void> {
    return untrack(() => this.#flight.anew());
  }

  async #run(): Promise<void> {
    this.loading = true;
    try {
      const value = await this.#load();
      if (value !== this.value) this.value = value;
      this.error = null;
      this.loadedAt = Date.now();
    } catch (error) {
      this.error = ApiError.of(error);
    } finally {
      this.loading = false;
    }
  }
}
