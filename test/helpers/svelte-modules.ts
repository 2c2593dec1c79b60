import type { Plugin } from 'vitest/config';

/** Modules of the page that hold state (`*.svelte.ts`), as a browser gets them. */
export const svelteModules: Plugin = {
  name: 'svelte-modules',
  enforce: 'post',
  async transform(code, id) {
    if (!id.endsWith('.svelte.ts')) return null;
    const { compileModule } = await import('svelte/compiler');
    return compileModule(code, { filename: id, generate: 'client' }).js;
  },
};
