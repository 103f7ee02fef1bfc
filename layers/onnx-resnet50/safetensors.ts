/** Reads a state dict from a `.safetensors` file. */

import { WeightsUnusable } from './errors.ts';
import { BYTES_PER_NUMBER, type NumberFormat, type StateDict, type Tensor, toFloat32 } from './tensor.ts';

const LENGTH_BYTES = 8;

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/**
 * Tensors of integers (counters of the training) are left out.
 *
 * @throws WeightsUnusable when the file is damaged.
 */
export function readSafetensors(bytes: Uint8Array): StateDict {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerEnd = LENGTH_BYTES + Number(view.getBigUint64(0, true));
  if (headerEnd > bytes.length) throw new WeightsUnusable('the .safetensors file is cut off');
  const tensors = new Map<string, Tensor>();
  for (const [name, entry] of Object.entries(parseHeader(bytes.subarray(LENGTH_BYTES, headerEnd)))) {
    if (name === '__metadata__' || !(entry.dtype in BYTES_PER_NUMBER)) continue;
    const [start, end] = entry.data_offsets;
    if (headerEnd + end > bytes.length) throw new WeightsUnusable('the .safetensors file is cut off');
    const data = toFloat32(bytes.subarray(headerEnd + start, headerEnd + end), entry.dtype as NumberFormat);
    tensors.set(name, { shape: entry.shape, data });
  }
  return tensors;
}

function parseHeader(bytes: Uint8Array): Record<string, Entry> {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new WeightsUnusable('the .safetensors file has no readable header', { cause: error });
  }
}
