/** The compiled kernel, and the forms that it takes filters in. */

import type { Filter } from './filter.ts';
import { KERNEL_BASE64 } from './kernel.generated.ts';

/** The functions of assembly/kernel.ts over a memory of its own. */
export interface Kernel {
  readonly memory: WebAssembly.Memory;
  resampleRows(
    source: number,
    rows: number,
    rowBytes: number,
    filter: number,
    columns: number,
    recordBytes: number,
    out: number,
    outBytes: number,
  ): void;
  resampleColumns(source: number, pairs: number, rowBytes: number, weights: number, out: number): void;
}

let instance: Kernel | undefined;

/** Made at the first use; a few kilobytes, so it need not be asynchronous. */
export function kernel(): Kernel {
  instance ??= new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(KERNEL_BASE64, 'base64')))
    .exports as unknown as Kernel;
  return instance;
}

/** A filter for the kernel: one record after the other, all of the same length. */
export interface Records {
  readonly bytes: Uint8Array;
  readonly recordBytes: number;
}

const LOW_BITS = 11;
const high = (weight: number): number => weight >> LOW_BITS;
const low = (weight: number): number => weight & ((1 << LOW_BITS) - 1);

/** Bytes that the kernel's records begin with. */
const RECORD_HEAD = 16;
/** Source pixels that the kernel takes at once along a row, and the bytes of their weights. */
const TAPS = 4;
const TAPS_BYTES = 16;

/** A filter as `resampleRows` takes it. @param left The source pixel that rows begin with. */
export function rowRecords(filter: Filter, left: number, bytesPerPixel: number): Records {
  const { first, count, weights, stride } = filter;
  const recordBytes = RECORD_HEAD + Math.ceil(stride / TAPS) * TAPS_BYTES;
  const bytes = new Uint8Array(first.length * recordBytes);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < first.length; i++) {
    const at = i * recordBytes;
    view.setUint32(at, (first[i]! - left) * bytesPerPixel, true);
    view.setUint32(at + 4, Math.ceil(count[i]! / TAPS), true);
    for (let tap = 0; tap < count[i]!; tap++) {
      const weight = weights[i * stride + tap]!;
      const to = at + RECORD_HEAD + Math.trunc(tap / TAPS) * TAPS_BYTES + (tap % TAPS) * 2;
      view.setInt16(to, high(weight), true);
      view.setInt16(to + TAPS_BYTES / 2, low(weight), true);
    }
  }
  return { bytes, recordBytes };
}

/** A filter as `resampleColumns` takes it, a record for each row of the result. */
export function columnRecords({ first, count, weights, stride }: Filter): Records {
  const recordBytes = Math.ceil(stride / 2) * 8;
  const bytes = new Uint8Array(first.length * recordBytes);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < first.length; i++) {
    for (let tap = 0; tap < count[i]!; tap++) {
      const weight = weights[i * stride + tap]!;
      const to = i * recordBytes + (tap >> 1) * 8 + (tap & 1) * 2;
      view.setInt16(to, high(weight), true);
      view.setInt16(to + 4, low(weight), true);
    }
  }
  return { bytes, recordBytes };
}
