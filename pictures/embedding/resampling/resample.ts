/**
 * Bilinear resampling with Pillow's arithmetic, to the bit, so that pictures are scaled as the weights saw them scaled:
 * filters in 22-bit fixed point, rows first, rounded to bytes in between.
 */

import type { Pixels } from '../../decoding/pixels.ts';
import { type Axis, triangle } from './filter.ts';
import { columnRecords, kernel, rowRecords } from './kernel.ts';

const CHANNELS = 3;
/** Bytes of the source that are in work at once: they stay in the processor's cache, and the kernel's memory small. */
const PORTION_BYTES = 2 ** 17;
const PAGE_BYTES = 2 ** 16;

/** Whole vectors of the kernel, and one more that it may touch behind the last byte. */
const roomFor = (bytes: number): number => (Math.ceil(bytes / 16) + 1) * 16;

/**
 * Resamples the part of a picture that `x` and `y` ask for.
 *
 * @param pixels The source, or the part of it that begins at `left`, `top` and covers `sourceSpan` of both axes.
 * @returns `x.length * y.length * 3` bytes.
 */
export function resample(pixels: Pixels, x: Axis, y: Axis, left = 0, top = 0): Uint8Array<ArrayBuffer> {
  const down = triangle(y);
  const rowFilter = rowRecords(triangle(x), left, CHANNELS);
  const columnFilter = columnRecords(down);
  const sourceBytes = pixels.width * CHANNELS;
  const resultBytes = x.length * CHANNELS;
  const narrowBytes = roomFor(resultBytes);
  const portion = Math.max(1, Math.trunc(PORTION_BYTES / sourceBytes));

  const { memory, resampleRows, resampleColumns } = kernel();
  // Where things are in the kernel's memory, which belongs to this call until it returns.
  const columnFilterAt = roomFor(rowFilter.bytes.length);
  const portionAt = columnFilterAt + roomFor(columnFilter.bytes.length);
  const sumAt = portionAt + roomFor(portion * sourceBytes);
  const narrowAt = sumAt + narrowBytes;
  const end = narrowAt + (portion + down.stride + 1) * narrowBytes;
  memory.grow(Math.max(0, Math.ceil((end - memory.buffer.byteLength) / PAGE_BYTES)));
  const bytes = new Uint8Array(memory.buffer);
  bytes.set(rowFilter.bytes);
  bytes.set(columnFilter.bytes, columnFilterAt);

  const result = new Uint8Array(y.length * resultBytes);
  // The narrow rows in memory: those from `first` to `next` of the source.
  let first = down.first[0]! - top;
  let next = first;
  for (let row = 0; row < y.length; row++) {
    const from = down.first[row]! - top;
    const count = down.count[row]!;
    while (next < from + count) {
      bytes.copyWithin(
        narrowAt,
        narrowAt + (from - first) * narrowBytes,
        narrowAt + (next - first) * narrowBytes,
      );
      first = from;
      const rows = Math.min(portion, pixels.height - next);
      bytes.set(pixels.data.subarray(next * sourceBytes, (next + rows) * sourceBytes), portionAt);
      const to = narrowAt + (next - first) * narrowBytes;
      resampleRows(portionAt, rows, sourceBytes, 0, x.length, rowFilter.recordBytes, to, narrowBytes);
      next += rows;
    }
    const pairs = Math.ceil(count / 2);
    const weights = columnFilterAt + row * columnFilter.recordBytes;
    resampleColumns(narrowAt + (from - first) * narrowBytes, pairs, narrowBytes, weights, sumAt);
    result.set(bytes.subarray(sumAt, sumAt + resultBytes), row * resultBytes);
  }
  return result;
}
