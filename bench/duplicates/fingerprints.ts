/** Fingerprints that go with the rows of `realEmbeddings`: rendered pictures whole, cropped and mirrored. Kept, since they take minutes. */

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { fingerprintOf } from '../../pictures/duplicates/fingerprint.ts';
import {
  decodeFingerprint,
  encodeFingerprint,
  type Fingerprint,
} from '../../pictures/duplicates/fingerprint-format.ts';
import { decodePack, encodePack } from '../../pictures/duplicates/pack-store.ts';
import { mapInParallel } from '../../vectorlog/parallel.ts';
import { RENDERED, renderedNames } from '../pictures.ts';
import { MAP, WINDOWS } from '../search/embeddings.ts';

const MADE_AT_ONCE = 4;

/**
 * @param pictures how many different ones; more rows are crops and mirror images of them. @default all
 */
export async function fingerprintsOfRows(rows: number, pictures?: number): Promise<Fingerprint[]> {
  const names = (await renderedNames()).slice(0, pictures);
  const path = join('.cache/bench', `fingerprints-${names.length}-${rows}.pack`);
  const kept = await readFile(path).catch(() => undefined);
  const known = kept && decodePack(kept).map(({ value }) => decodeFingerprint(value));
  if (known?.length === rows && known.every((each) => each !== undefined)) return known;
  const made = await mapInParallel(
    MADE_AT_ONCE,
    Array.from({ length: rows }, (_, row) => row),
    async (row) => {
      const variant = Math.floor(row / names.length);
      const window = WINDOWS[(variant >> 1) % WINDOWS.length]!;
      const bytes = await readFile(join(RENDERED, names[row % names.length]!));
      const { width, height } = await sharp(bytes).metadata();
      const part = (at: number, of: number) => Math.floor((at * of) / MAP);
      const picture = sharp(bytes).extract({
        left: part(window.x, width),
        top: part(window.y, height),
        width: part(window.side, width),
        height: part(window.side, height),
      });
      return fingerprintOf(
        await picture
          .flop(variant % 2 === 1)
          .png({ compressionLevel: 1 })
          .toBuffer(),
      );
    },
  );
  await mkdir(dirname(path), { recursive: true });
  const id = (row: number) => row.toString(16).padStart(32, '0');
  await writeFile(
    path,
    encodePack(made.map((each, row) => ({ id: id(row), value: encodeFingerprint(each) }))),
  );
  return made;
}
