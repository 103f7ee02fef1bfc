/** What the network sees of a file, with limits of the test's own. */

import { PictureDecoder } from '../../pictures/decoding/decoder.ts';
import type { PictureLimits } from '../../pictures/decoding/limits.ts';
import type { Crop } from '../../pictures/embedding/embedder.ts';
import type { CropMode } from '../../pictures/embedding/geometry.ts';
import { preprocess as preprocessed } from '../../pictures/embedding/preprocess.ts';

export async function preprocess(
  bytes: Uint8Array,
  {
    limits,
    crop,
    mode,
  }: { readonly limits?: Partial<PictureLimits>; readonly crop?: Crop; readonly mode?: CropMode } = {},
): Promise<Uint8Array> {
  const decoder = new PictureDecoder(limits);
  return preprocessed(decoder, await decoder.header(bytes), crop, mode);
}
