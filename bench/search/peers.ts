/** Other libraries of the npm registry, installed in bench/peers when the benchmark first runs. */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DIMENSIONS } from '../../pictures/dimensions.ts';
import { byQuery, type Contender, joined, K, timed } from './contender.ts';

const FOLDER = fileURLToPath(new URL('../peers', import.meta.url));
const load = createRequire(join(FOLDER, 'package.json'));

/** Prebuilt binaries come inside the packages, so nothing is compiled. */
export async function installPeers(): Promise<void> {
  if (existsSync(join(FOLDER, 'node_modules/.package-lock.json'))) return;
  await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: FOLDER });
}

/** The part of usearch 2 that is used here. */
interface Usearch {
  readonly MetricKind: { readonly IP: string };
  exactSearch(
    dataset: Float32Array,
    queries: Float32Array,
    dimensions: number,
    count: number,
    metric: string,
    threads: number,
  ): { readonly keys: BigUint64Array };
}

/** usearch's exact search over the rows in memory, with as many threads as it likes. */
export function usearch(rows: Float32Array): Contender {
  const { exactSearch, MetricKind } = load('usearch') as Usearch;
  return {
    name: 'usearch exact (float32)',
    async search(queries) {
      const all = joined(queries);
      const { ms, value } = await timed(() => exactSearch(rows, all, DIMENSIONS, K, MetricKind.IP, 0));
      return { ms, rows: byQuery(Array.from(value.keys, Number)) };
    },
    close: async () => {},
  };
}

/** The part of LanceDB that is used here. */
interface Lance {
  connect(folder: string): Promise<{
    createTable(name: string, data: unknown): Promise<LanceTable>;
  }>;
}
interface LanceTable {
  add(data: unknown): Promise<unknown>;
  query(): {
    nearestTo(query: Float32Array): {
      distanceType(type: 'dot'): {
        select(columns: string[]): { limit(k: number): { toArray(): Promise<{ row: number }[]> } };
      };
    };
  };
}
interface Arrow {
  readonly Field: new (name: string, type: unknown, nullable: boolean) => unknown;
  readonly FixedSizeList: new (size: number, field: unknown) => unknown;
  readonly Float32: new () => unknown;
  readonly Int32: new () => unknown;
  readonly Table: new (columns: Record<string, unknown>) => unknown;
  makeData(data: object): unknown;
  makeVector(data: unknown): unknown;
}

/** LanceDB without a vector index: a scan of its files, on disk and by then in the page cache. */
export async function lanceDb(rows: Float32Array): Promise<Contender> {
  const arrow = load('apache-arrow') as Arrow;
  const folder = await mkdtemp(join(tmpdir(), 'likeness-lance-'));
  const database = await (load('@lancedb/lancedb') as Lance).connect(folder);
  const batch = (start: number, end: number): unknown => {
    const floats = rows.subarray(start * DIMENSIONS, end * DIMENSIONS);
    const child = arrow.makeData({ type: new arrow.Float32(), length: floats.length, data: floats });
    const type = new arrow.FixedSizeList(DIMENSIONS, new arrow.Field('item', new arrow.Float32(), true));
    return new arrow.Table({
      row: arrow.makeVector(Int32Array.from({ length: end - start }, (_, i) => start + i)),
      vector: arrow.makeVector(arrow.makeData({ type, length: end - start, nullCount: 0, child })),
    });
  };
  const count = rows.length / DIMENSIONS;
  const step = 10_000;
  const table = await database.createTable('rows', batch(0, Math.min(step, count)));
  for (let at = step; at < count; at += step) await table.add(batch(at, Math.min(at + step, count)));
  const one = async (query: Float32Array): Promise<number[]> => {
    const search = table.query().nearestTo(query).distanceType('dot').select(['row', '_distance']).limit(K);
    return (await search.toArray()).map(({ row }) => row);
  };
  return {
    name: 'LanceDB flat (on disk)',
    async search(queries) {
      const { ms, value } = await timed(() => Promise.all(queries.map(one)));
      return { ms, rows: value };
    },
    close: () => rm(folder, { recursive: true }),
  };
}
