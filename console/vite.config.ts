/** Builds the console into `dist/console`: static files that any web server can serve from any path. */

import { fileURLToPath } from 'node:url';
import preact from '@preact/preset-vite';
import { defineConfig } from 'vite';
import { scriptBudget } from './script-budget.ts';

const root = fileURLToPath(new URL('.', import.meta.url));

export default defineConfig({
  root,
  base: './',
  plugins: [preact(), scriptBudget({ maxBytes: 90_000 })],
  build: {
    outDir: fileURLToPath(new URL('../dist/console', import.meta.url)),
    emptyOutDir: true,
    modulePreload: { polyfill: false },
  },
  // `npm run dev:console` beside a running `likeness serve`.
  server: {
    proxy: Object.fromEntries(
      ['/v1', '/thumbnails', '/config.json', '/openapi.json'].map((path) => [path, 'http://127.0.0.1:3000']),
    ),
  },
});
