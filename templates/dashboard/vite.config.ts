import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

const root = fileURLToPath(new URL('.', import.meta.url));

/** Everything external and hashed: the page runs under a policy without `unsafe-inline`. */
export default defineConfig({
  root,
  base: './',
  plugins: [svelte({ configFile: false, emitCss: true })],
  build: {
    outDir: fileURLToPath(new URL('../../dist/space/public', import.meta.url)),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    reportCompressedSize: false,
  },
});
