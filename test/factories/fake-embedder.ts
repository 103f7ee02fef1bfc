/** An embedder without a network: cheap and deterministic, with the promises of the real one. */

import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { PictureRejected } from '../../pictures/decoding/errors.ts';
import { DIMENSIONS } from '../../pictures/dimensions.ts';
import type { Crop, Embedder, EmbedOutcome, ModelInfo } from '../../pictures/embedding/embedder.ts';

const SIDE = 8;
const REJECT = 'reject';

/** Bytes that the fake embedder refuses as `not-an-image`. */
export const badPicture = (text = ''): Uint8Array => new TextEncoder().encode(`${REJECT} ${text}`);

/**
 * Picture files become unit vectors made of their 8 x 8 thumbnail, so that pictures that look alike come out close.
 * Empty bytes and `badPicture()` are refused. Any other bytes become a random unit vector seeded by them, which lets
 * tests that do not care for pictures use short texts.
 */
export function fakeEmbedder(model: Partial<ModelInfo> = {}): Embedder {
  return {
    model: { modelId: 'fake-00000000', weights: 'fake', synthetic: true, precision: 'fp32', ...model },
    warm: async () => {},
    embed: (pictures, options) => Promise.all(pictures.map((bytes) => embedOne(bytes, options?.crop))),
  };
}

async function embedOne(bytes: Uint8Array, crop: Crop | undefined): Promise<EmbedOutcome> {
  if (bytes.length === 0) return { rejected: new PictureRejected('empty', 'the file is empty') };
  if (new TextDecoder().decode(bytes.subarray(0, REJECT.length)) === REJECT) {
    return { rejected: new PictureRejected('not-an-image', 'this is not a picture') };
  }
  const thumbnail = await thumbnailOf(bytes, crop);
  return { embedding: thumbnail ? spread(thumbnail) : seededVector(bytes) };
}

/** The picture as 8 x 8 RGB, or `undefined` when the bytes are no picture. */
async function thumbnailOf(bytes: Uint8Array, crop: Crop | undefined): Promise<Uint8Array | undefined> {
  const image = sharp(bytes);
  const size = await image.metadata().catch(() => undefined);
  if (!size) return undefined;
  if (crop) {
    const left = Math.floor(crop.x * size.width);
    const top = Math.floor(crop.y * size.height);
    const width = Math.max(1, Math.round(crop.width * size.width));
    const height = Math.max(1, Math.round(crop.height * size.height));
    image.extract({ left, top, width, height });
  }
  return image
    .flatten({ background: 'white' })
    .toColourspace('srgb')
    .resize(SIDE, SIDE, { fit: 'fill' })
    .raw()
    .toBuffer();
}

/** Repeats the thumbnail over all components, with signs that keep the components apart. */
function spread(thumbnail: Uint8Array): Float32Array {
  const vector = new Float32Array(DIMENSIONS);
  for (let i = 0; i < DIMENSIONS; i++) {
    const sign = (Math.imul(i, 0x9e3779b1) >>> 31) * 2 - 1;
    vector[i] = sign * (thumbnail[i % thumbnail.length]! - 127.5);
  }
  return unit(vector);
}

/** A unit vector drawn from a generator seeded with the bytes; two of them are close to orthogonal. */
export function seededVector(seed: Uint8Array | string, dimensions = DIMENSIONS): Float32Array {
  let state = createHash('sha256').update(seed).digest().readUInt32LE();
  const vector = new Float32Array(dimensions);
  for (let i = 0; i < dimensions; i++) {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    vector[i] = ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 31 - 1;
  }
  return unit(vector);
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return vector.map((component) => component / length);
}
