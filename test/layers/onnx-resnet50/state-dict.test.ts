/** Weights files are read as torch wrote them, and what is more than tensors is refused and never run. */

import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { WeightsUnusable } from '../../../layers/onnx-resnet50/errors.ts';
import { readStateDict } from '../../../layers/onnx-resnet50/state-dict.ts';
import { safetensorsOf } from '../../factories/state-dict.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/embedding/${name}`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'likeness-weights-'));

function file(name: string, content: Uint8Array): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

describe.each(['small.pth', 'small-legacy.pth'])('readStateDict of %s', (name) => {
  it('reads the tensors, whatever their width and wherever they begin', async () => {
    const state = await readStateDict(fixture(name));

    const numbers = Object.fromEntries([...state].map(([key, { data }]) => [key, [...data]]));
    expect(numbers).toEqual({
      plain: [0, 0.25, 0.5, 0.75],
      offset: [1.5, 1.75, 2],
      half: [0.5, -2, 65504, 2 ** -24],
      brain: [1, -3],
      double: [Math.fround(0.1)],
      parameter: [7],
    });
    expect(state.get('plain')!.shape).toEqual([2, 2]);
  });

  it('says so when the file is cut off', async () => {
    const whole = readFileSync(fixture(name));

    for (const length of [9, whole.length / 2, whole.length - 1]) {
      const cut = file(`cut-${name}`, whole.subarray(0, length));
      await expect(readStateDict(cut)).rejects.toThrow(WeightsUnusable);
    }
  });
});

describe('readStateDict', () => {
  it('refuses a pickle that would run something, and names it', async () => {
    await expect(readStateDict(fixture('harmful.pth'))).rejects.toThrow(/exec/);
  });

  it('reads safetensors', async () => {
    const state = new Map([
      ['a', { shape: [2, 1], data: Float32Array.of(1, -2) }],
      ['b', { shape: [], data: Float32Array.of(0.5) }],
    ]);

    expect(await readStateDict(file('a.safetensors', safetensorsOf(state)))).toEqual(state);
  });

  it('says so when safetensors are cut off', async () => {
    const whole = safetensorsOf(new Map([['a', { shape: [2], data: Float32Array.of(1, 2) }]]));

    for (const length of [20, whole.length - 1]) {
      await expect(readStateDict(file('cut.safetensors', whole.subarray(0, length)))).rejects.toThrow(
        WeightsUnusable,
      );
    }
  });

  it.each([
    ['a picture', readFileSync(fixture('one-pixel.png'))],
    ['nothing', new Uint8Array()],
  ])('refuses %s', async (_, bytes) => {
    await expect(readStateDict(file('other', bytes))).rejects.toThrow(/neither a \.pth nor a \.safetensors/);
  });

  it('says which file cannot be read', async () => {
    await expect(readStateDict('/no/such.pth')).rejects.toThrow('/no/such.pth');
  });
});
