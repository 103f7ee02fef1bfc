/** A weights file may be made to take all memory; it is refused before it does. */

import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { WeightsUnusable } from '../../../layers/onnx-resnet50/errors.ts';
import { readPickle } from '../../../layers/onnx-resnet50/pickle.ts';
import { readLegacyPth, readZippedPth } from '../../../layers/onnx-resnet50/pth.ts';

const options = { globals: {}, persistent: () => undefined };

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

  it('when its parts are no tensors and no list', () => {
    // NONE STOP five times: no dictionary, no list of keys.
    const nothing = Uint8Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? 0x4e : 0x2e));

    expect(() => readLegacyPth(nothing)).toThrow(WeightsUnusable);
  });
});
