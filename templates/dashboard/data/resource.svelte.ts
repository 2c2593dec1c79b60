import { ApiError } from './http.ts';

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
  #running: Promise<void> | null = null;

  constructor(load: () => Promise<T>) {
    this.#load = load;
  }

  get stale(): boolean {
    return this.error !== null && this.value !== null;
  }

  /** Single flight; never throws, the error is part of the state. */
  refresh(): Promise<void> {
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #run(): Promise<void> {
    this.loading = true;
    try {
      const value = await this.#load();
      if (value !== this.value) this.value = value;
      this.error = null;
      this.loadedAt = Date.now();
    } catch (error) {
      this.error = error instanceof ApiError ? error : new ApiError(0, 'PAGE', String(error));
    } finally {
      this.loading = false;
    }
  }
}
