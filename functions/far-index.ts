/** The far index that the environment names. */

import type { FarIndex } from '../vectorlog/far/far-index.ts';
import { VARIABLES } from './environment.ts';

/** `undefined` where the index is to be in memory; the SDK of the service is loaded only where it is not. */
export async function farIndex(): Promise<FarIndex | undefined> {
  const index = process.env[VARIABLES.vectorIndex];
  if (!index) return undefined;
  const { S3Vectors } = await import('../vectorlog/far/s3-vectors.ts');
  return new S3Vectors({ index });
}
