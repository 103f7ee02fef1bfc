/** Decodes a picture by a package that the user added, within the limits of all others. */

import { DecodingFailed, decodeTimeout, isOfMachine, PictureRejected } from '../errors.ts';
import type { PictureLimits } from '../limits.ts';
import type { Decoded, OptionalDecoder } from './optional-decoder.ts';
import { decodeInOwnProcess } from './own-process.ts';

/** What the process takes that holds them. */
const PROCESS_BYTES = 48 * 1024 * 1024;

/**
 * Decodes one picture in a process of its own: whatever the decoder does or leaks, memory and time are bounded, and this
 * process answers meanwhile. A thread would not do: V8 ends the whole process when a thread's heap is full at a bad moment.
 *
 * @throws PictureRejected, DecodingFailed
 */
export async function decodeOptional(
  decoder: OptionalDecoder,
  bytes: Uint8Array,
  { decodeTimeoutMs, ...limits }: Pick<PictureLimits, 'maxPixels' | 'maxMemoryBytes' | 'decodeTimeoutMs'>,
): Promise<Decoded> {
  const { maxMemoryBytes } = limits;
  const maxPixels = Math.min(
    limits.maxPixels,
    Math.max(0, Math.floor((maxMemoryBytes - PROCESS_BYTES) / decoder.bytesPerPixel)),
  );
  const bounds = { maxPixels, maxMemoryBytes, timeoutMs: decodeTimeoutMs };
  const outcome = await decodeInOwnProcess(decoder, bytes, bounds).catch((cause: unknown) => {
    throw new DecodingFailed('The picture could not be decoded now', { cause });
  });
  if ('decoded' in outcome) return outcome.decoded;
  if ('late' in outcome) throw decodeTimeout(decodeTimeoutMs);
  if ('tooLarge' in outcome)
    throw new PictureRejected(
      'too-many-pixels',
      `The picture has ${outcome.tooLarge} pixels; at most ${maxPixels.toLocaleString('en-US')} of its kind are taken here. ` +
        'Upload a smaller version, or a plain JPEG.',
    );
  if ('ended' in outcome)
    throw new DecodingFailed('The decoder of the picture ended without a word', {
      cause: new Error(outcome.ended),
    });
  if (outcome.heavy)
    throw new PictureRejected(
      'too-many-pixels',
      `Decoding the picture takes more than ${Math.floor(maxMemoryBytes / 1024 / 1024)} MiB of memory. ` +
        'Upload a smaller version, or a plain JPEG.',
    );
  // Its package is gone, or there are too many files open: none of that is of the picture.
  if (outcome.code !== undefined || isOfMachine(outcome.failed))
    throw new DecodingFailed('The picture could not be decoded now', { cause: new Error(outcome.failed) });
  throw new PictureRejected('corrupt', 'The file is damaged or cut off: it cannot be decoded whole.', {
    cause: new Error(outcome.failed),
  });
}
