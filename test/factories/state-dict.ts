/** A whole ResNet50 state dict for tests, and the bytes of it as `.safetensors`. */

import { syntheticStateDict } from '../../layers/onnx-resnet50/synthetic.ts';
import type { StateDict, Tensor } from '../../layers/onnx-resnet50/tensor.ts';

/**
 * Seeded weights whose batch norms have means and variances of their own, so that folding them matters. The fixtures in
 * `test/fixtures/embedding` were made from these very numbers.
 */
export function testStateDict(): StateDict {
  const state = new Map(syntheticStateDict(7));
  for (const [name, tensor] of state) {
    if (name.endsWith('running_mean'))
      state.set(
        name,
        mapped(tensor, (_, i) => 0.01 * (((i * 37) % 11) - 5)),
      );
    if (name.endsWith('running_var'))
      state.set(
        name,
        mapped(tensor, (x, i) => x * (1 + ((i * 13) % 7) / 10)),
      );
  }
  return state;
}

const mapped = ({ shape, data }: Tensor, by: (x: number, i: number) => number): Tensor => ({
  shape,
  data: data.map(by),
});

/** The bytes of a `.safetensors` file that holds these tensors as float32. */
export function safetensorsOf(state: StateDict): Uint8Array {
  const header: Record<string, unknown> = {};
  let end = 0;
  for (const [name, { shape, data }] of state) {
    header[name] = { dtype: 'F32', shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const tensors = [...state.values()].map(({ data }) =>
    Buffer.from(data.buffer, data.byteOffset, data.byteLength),
  );
  return Buffer.concat([length, json, ...tensors]);
}
