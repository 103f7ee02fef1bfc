/** Makes a picture small enough for a request. */

import sharp from 'sharp';
import { SEARCH_LIMITS } from '../functions/search/limits.ts';
import { CommandFailed } from './errors.ts';

/** Four times what the network sees, so that scaling once more changes the answer by next to nothing. */
const PIXELS = 1_024;

/**
 * The bytes as they are, or a copy with fewer pixels of a picture that no request can carry.
 *
 * @throws CommandFailed when it is too large and cannot be read as a picture
 */
export async function fitForSearch(bytes: Uint8Array): Promise<Uint8Array> {
  if (bytes.length <= SEARCH_LIMITS.maxBodyBytes) return bytes;
  try {
    return await sharp(bytes)
      .rotate()
      .resize(PIXELS, PIXELS, { fit: 'outside', withoutEnlargement: true, kernel: 'linear' })
      .jpeg({ quality: 95 })
      .toBuffer();
  } catch (error) {
    throw new CommandFailed(`this is not a readable picture: ${(error as Error).message}`, { cause: error });
  }
}
