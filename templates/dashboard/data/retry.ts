import type { App } from './app.svelte.ts';
import type { ApiError } from './http.ts';

/** What can fail, and be asked for again. */
export interface Loadable {
  readonly error: ApiError | null;
  refresh: () => Promise<unknown>;
}

/** What a view says it could not load. */
const failed = new Set<Loadable>();

/** @returns a function to call when it is no longer said. */
export function noteFailure(of: Loadable): () => void {
  failed.add(of);
  return () => void failed.delete(of);
}

/** One reason takes away many things: everything that is missing is asked for, not one of them. */
export const retryAll = (app: App): Promise<unknown> =>
  Promise.all([app.refresh(), ...[...failed].map((each) => each.refresh())]);
