/** An index as its files are, written by hand: without codes, and every byte of it known. */

import { encodeDead, encodeFaissHeader } from '../../vectorlog/commit/file-formats.ts';
import { commitManifest, type Manifest } from '../../vectorlog/commit/manifest.ts';
import { Bitset } from '../../vectorlog/scan/bitset.ts';
import type { ObjectStore } from '../../vectorlog/store/object-store.ts';

/**
 * Writes generation 1 of an index.
 *
 * @param lines of the rows file, without newlines; the vector of row `i` is 1 along axis `i`
 */
export async function putPlainIndex(
  store: ObjectStore,
  lines: readonly string[],
  dimensions: number,
): Promise<Manifest> {
  const rows = lines.length;
  const text = Buffer.from(lines.map((line) => `${line}\n`).join(''));
  const vectors = new Float32Array(rows * dimensions);
  for (let row = 0; row < rows; row++) vectors[row * dimensions + row] = 1;
  const files = {
    faiss: 'index/1-A.faiss',
    rows: 'index/1-A.jsonl',
    rowsBytes: text.length,
    dead: 'index/1-A.dead',
  };
  const faiss = [encodeFaissHeader(rows, dimensions), new Uint8Array(vectors.buffer)];
  await store.put(files.faiss, Buffer.concat(faiss));
  await store.put(files.rows, text);
  await store.put(files.dead, encodeDead(new Bitset(rows)));
  const manifest: Manifest = {
    format: 1,
    generation: 1,
    modelId: 'm',
    createdAt: '2026-06-01T12:00:00.000Z',
    lineage: 'A',
    rows,
    live: rows,
    files,
    folded: [],
    markers: [],
    replaced: [],
  };
  await commitManifest(store, manifest);
  return manifest;
}
