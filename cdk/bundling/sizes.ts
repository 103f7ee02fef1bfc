/** How large the packages are, beside what they may be. */

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Assets } from './assets.ts';
import { PackageTooLarge } from './errors.ts';

const kB = 1_000;
const MiB = 1024 * 1024;

/** What Lambda unpacks for one function, its layers included. */
const LAMBDA_LIMIT = 250 * MiB;

interface Budget {
  /** Bytes that the bundle may have: what Lambda parses at each cold start. */
  readonly bundle: number;
  /** Whether the function has the layer. */
  readonly layer: boolean;
}

/** A bundle that grows past its budget has taken in something that nobody meant. */
const BUDGETS: Readonly<Record<Exclude<keyof Assets, 'layer'>, Budget>> = {
  onUpload: { bundle: 1_500 * kB, layer: true },
  compact: { bundle: 1_200 * kB, layer: false },
  search: { bundle: 2_000 * kB, layer: true },
  front: { bundle: 1_450 * kB, layer: false },
  backfill: { bundle: 1_200 * kB, layer: false },
};

/** Every file below a folder, with its path and bytes. */
export function filesBelow(folder: string): { path: string; bytes: number }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => ({ path, bytes: statSync(path).size }));
}

/**
 * A table of the sizes, one line a function.
 *
 * @throws PackageTooLarge when a bundle is over its budget or a function over Lambda's limit
 */
export function sizeTable(assets: Assets): string {
  const layer = total(assets.layer);
  const lines = [`layer       ${mib(layer)} unpacked`];
  for (const [name, budget] of Object.entries(BUDGETS)) {
    const folder = assets[name as keyof typeof BUDGETS];
    const bundle = statSync(join(folder, 'index.mjs')).size;
    const whole = total(folder) + (budget.layer ? layer : 0);
    lines.push(
      `${name.padEnd(12)}bundle ${(bundle / kB).toFixed(0)} of ${budget.bundle / kB} kB, ` +
        `with native parts and layer ${mib(whole)} of ${mib(LAMBDA_LIMIT)}`,
    );
    if (bundle > budget.bundle)
      throw new PackageTooLarge(`the bundle of ${name} is over its budget:\n${lines.at(-1)}`);
    if (whole > LAMBDA_LIMIT)
      throw new PackageTooLarge(`${name} is more than Lambda unpacks:\n${lines.at(-1)}`);
  }
  return lines.join('\n');
}

const total = (folder: string): number => filesBelow(folder).reduce((sum, { bytes }) => sum + bytes, 0);
const mib = (bytes: number): string => `${(bytes / MiB).toFixed(1)} MiB`;
