import { getContext, setContext } from 'svelte';
import type { App } from './app.svelte.ts';
import type { Config } from './config.ts';

const KEY = Symbol('app');

export const provideApp = (app: App): App => setContext(KEY, app);
export const useApp = (): App => getContext<App>(KEY);

/** Settings inside views, which are drawn only once these are there. */
export function useConfig(): Config {
  const config = useApp().config;
  if (!config) throw new Error('a view was drawn before the settings were read');
  return config;
}
