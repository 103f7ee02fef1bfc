/** A model as it lies on disk: `model.onnx`, and beside it `model.json`, which says what it is. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { ModelInfo } from './embedder.ts';
import { ModelUnusable } from './embedder.ts';
import { CROP_MODES } from './geometry.ts';

/**
 * How the last feature maps become features: their mean, or the cube root of the mean of their cubes (generalised mean,
 * GeM), in which what stands out counts more.
 */
export const POOLS = ['average', 'gem3'] as const;

export const modelFile = (folder: string): string => join(folder, 'model.onnx');
export const descriptionFile = (folder: string): string => join(folder, 'model.json');

const Description = z.object({
  modelId: z.string().regex(/^[a-z0-9.-]+-[0-9a-f]{8}$/),
  weights: z.string(),
  synthetic: z.boolean(),
  precision: z.enum(['fp32', 'int8']),
  /** How feature maps become features; models of versions before 0.3 do not say. */
  pool: z.enum(POOLS).default('average'),
  /** What of a picture the network sees. */
  crop: z.enum(CROP_MODES).default('center224'),
  /** SHA-256 of `model.onnx`, in hex. */
  sha256: z.string().length(64),
  /** Length of `model.onnx`. */
  bytes: z.number().int().positive(),
  /** What the model was made from and by; another one means that it must be made again. */
  source: z.string(),
});

/** What `model.json` says. */
export type ModelDescription = z.infer<typeof Description> & ModelInfo;

/** @throws ModelUnusable when there is no model in the folder, or its description cannot be understood. */
export async function readModelInfo(folder: string): Promise<ModelDescription> {
  try {
    return Description.parse(JSON.parse(await readFile(descriptionFile(folder), 'utf8')));
  } catch (error) {
    throw new ModelUnusable(`there is no model in ${folder}: run "npx likeness-search setup"`, {
      cause: error,
    });
  }
}
