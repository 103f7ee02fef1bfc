/** A weights file may be made to take all memory; it is refused before it does. */

import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { WeightsUnusable } from '../../../layers/onnx-resnet50/errors.ts';
import { readPickle } from '../../../layers/onnx-resnet50/pickle.ts';
import { readLegacyPth, readZippedPth } from '../../../layers/onnx-resnet50/pth.ts';

const options = { globals: {}, persistent: () => undefined };

/** A state dict as `torch.save` writes it, of tensors that all look into one storage of four numbers. */
function ofOneStorage(...lengths: number[]): Uint8Array {
  const text = (value: string) => {
    const size = Buffer.alloc(5);
    size.write('X');
    size.writeUInt32LE(value.length, 1);
    return Buffer.concat([size, Buffer.from(value)]);
  };
  const int = (value: number) => {
    const bytes = Buffer.alloc(5);
    bytes.write('J');
    bytes.writeInt32LE(value, 1);
    return bytes;
  };
  const op = (code: string) => Buffer.from(code, 'latin1');
  const storage = [
    op('(('),
    text('storage'),
    op('ctorch\nFloatStorage\n'),
    text('0'),
    text('cpu'),
    int(4),
    op('tQ'),
  ];
  const tensors = lengths.flatMap((length, i) => [
    text(`layer${i}.weight`),
    op('ctorch._utils\n_rebuild_tensor_v2\n'),
    ...storage,
    op('K\0'),
    int(length),
    op('\x85K\x01\x85\x89}tR'),
  ]);
  const pickle = Buffer.concat([op('\x80\x02}('), ...tensors, op('u.')]);
  return zipSync({ 'a/data.pkl': pickle, 'a/data/0': new Uint8Array(16) });
}

describe('a weights file is refused', () => {
  it('when its pickle goes on for ever', () => {
    expect(() => readPickle(new Uint8Array(2_000_000).fill(0x7d), options)).toThrow(WeightsUnusable);
  });

  it('when it unzips to more than a network has', () => {
    const zip = Buffer.from(zipSync({ 'a/data.pkl': new Uint8Array(10) }));
    // The size in the directory at the end, and in the entry itself.
    for (const at of [zip.indexOf('PK\x01\x02', 0, 'latin1') + 24, 22]) zip.writeUInt32LE(0xf0000000, at);

    expect(() => readZippedPth(zip)).toThrow(WeightsUnusable);
  });

  it('when its tensors look into one storage until they are more than a network has', () => {
    expect(readZippedPth(ofOneStorage(4, 3)).size).toBe(2);
    expect(() => readZippedPth(ofOneStorage(4, 2 ** 28))).toThrow(/take more than/);
  });

  it('when its parts are no tensors and no list', () => {
    // NONE STOP five times: no dictionary, no list of keys.
    const nothing = Uint8Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? 0x4e : 0x2e));

    expect(() => readLegacyPth(nothing)).toThrow(WeightsUnusable);
  });
});
