/** Makes a picture small enough for a request. */

import { SEARCH_LIMITS } from '../functions/search/limits.ts';
import { PictureDecoder } from '../pictures/decoding/decoder.ts';
import { PictureRejected } from '../pictures/decoding/errors.ts';
import { decodeBytesOf } from '../pictures/decoding/memory-budget.ts';
import { findOptionalDecoders } from '../pictures/decoding/optional/find.ts';
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
    const decoder = new PictureDecoder({ maxMemoryBytes: decodeBytesOf() }, findOptionalDecoders());
    return await decoder.smallCopy(bytes, { side: PIXELS, fit: 'outside', format: 'jpeg', quality: 95 });
  } catch (error) {
    if (!(error instanceof PictureRejected)) throw error;
    throw new CommandFailed(`this picture cannot be searched by: ${error.message}`, { cause: error });
  }
}
