/** Reads a torchvision state dict from a file of any of the kinds it is passed around in. */

import { readFile } from 'node:fs/promises';
import { WeightsUnusable } from './errors.ts';
import { readLegacyPth, readZippedPth } from './pth.ts';
import { readSafetensors } from './safetensors.ts';
import type { StateDict } from './tensor.ts';

const ZIP = 0x04034b50;
const PICKLE = 0x80;
const OPENING_BRACE = 0x7b;

/**
 * The kind is told by content: a zip or a pickle (`.pth`), or `.safetensors`.
 *
 * @throws WeightsUnusable when the file cannot be read, is of another kind or is damaged.
 */
export async function readStateDict(path: string): Promise<StateDict> {
  const bytes = await readFile(path).catch((error) => {
    throw new WeightsUnusable(`the weights file ${path} cannot be read`, { cause: error });
  });
  if (bytes.length > 8) {
    if (bytes.readUInt32LE() === ZIP) return readZippedPth(bytes);
    if (bytes[0] === PICKLE) return readLegacyPth(bytes);
    if (bytes[8] === OPENING_BRACE) return readSafetensors(bytes);
  }
  throw new WeightsUnusable(`${path} is neither a .pth nor a .safetensors file`);
}
