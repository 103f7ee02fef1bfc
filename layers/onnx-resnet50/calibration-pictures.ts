/** The pictures that an int8 model is calibrated on: a folder of the user's, or drawings that a package brings along. */

import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { PictureDecoder } from '../../pictures/decoding/decoder.ts';
import { PictureRejected } from '../../pictures/decoding/errors.ts';
import type { CropMode } from '../../pictures/embedding/geometry.ts';
import { preprocess } from '../../pictures/embedding/preprocess.ts';
import { CalibrationImpossible } from './errors.ts';

/** More than this changes the model less than the choice of pictures does. */
const PICTURES = 48;

/** With fewer the ranges would be those of a few pictures and not of the network. */
const FEWEST = 8;

const DRAWINGS = '@lobehub/fluent-emoji-3d';

/**
 * The folder to calibrate on.
 *
 * @throws CalibrationImpossible when none is given and the package is not installed.
 */
export function calibrationFolder(given: string | undefined): string {
  if (given) return given;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(`${DRAWINGS}/package.json`)), 'assets');
  } catch (error) {
    throw new CalibrationImpossible(
      `an int8 model is calibrated on pictures; name a folder that has some, or install ${DRAWINGS}`,
      { cause: error },
    );
  }
}

/**
 * Crops, as the model will see them, of pictures spread evenly over a folder, as squares of RGB; files that are no pictures are left out.
 *
 * @throws CalibrationImpossible when there are too few.
 */
export async function calibrationCrops(folder: string, mode: CropMode): Promise<Uint8Array[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error) => {
    throw new CalibrationImpossible(`the folder of calibration pictures cannot be read: ${folder}`, {
      cause: error,
    });
  });
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  names.sort();
  const decoder = new PictureDecoder();
  const crops: Uint8Array[] = [];
  for (let i = 0; i < Math.min(PICTURES, names.length); i++) {
    const name = names[Math.floor((i * names.length) / Math.min(PICTURES, names.length))]!;
    const bytes = await readFile(join(folder, name));
    const crop = await decoder
      .header(bytes)
      .then((header) => preprocess(decoder, header, undefined, mode))
      .catch((error: unknown) => {
        if (error instanceof PictureRejected) return undefined;
        throw error;
      });
    if (crop) crops.push(crop);
  }
  if (crops.length < FEWEST) {
    throw new CalibrationImpossible(
      `${folder} has ${crops.length} pictures; calibration needs at least ${FEWEST}`,
    );
  }
  return crops;
}
