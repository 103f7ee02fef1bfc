/** A Vite plugin that prints what a visitor downloads, and fails the build when it is too much. */

import { gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

/** Adds up all scripts of the build, compressed by gzip, which every web server and CDN can do. */
export function scriptBudget({ maxBytes }: { maxBytes: number }): Plugin {
  return {
    name: 'likeness:script-budget',
    apply: 'build',
    generateBundle(_options, bundle) {
      let bytes = 0;
      for (const file of Object.values(bundle)) {
        if (file.type === 'chunk') bytes += gzipSync(file.code).length;
      }
      const figure = `${(bytes / 1000).toFixed(1)} of ${maxBytes / 1000} kB of compressed script`;
      if (bytes > maxBytes) this.error(`the console is over its budget: ${figure}`);
      this.info(figure);
    },
  };
}
