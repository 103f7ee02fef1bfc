/** What the functions run, as folders that the CDK makes assets of. */

import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import type { ModelRequest } from '../../layers/onnx-resnet50/build.ts';
import { BundlingFailed } from './errors.ts';
import { IS_CLONE, ROOT } from './lock-file.ts';
import type { LambdaArchitecture } from './native-packages.ts';

export interface Assets {
  /** Folder with `index.mjs` of on-upload and its node_modules; it becomes /var/task. */
  readonly onUpload: string;
  /** The same for compact. */
  readonly compact: string;
  /** The same for search. */
  readonly search: string;
  /** The same for what answers requests that need neither model nor index. */
  readonly front: string;
  /** The same for the worker of backfills. */
  readonly backfill: string;
  /** Folder with `nodejs/` and `model/`; it becomes /opt. */
  readonly layer: string;
}

/** What the layer's model is made of, and for which processor; as in ImageSearchProps. */
export interface AssetRequest {
  readonly weights?: string;
  readonly precision?: 'fp32' | 'int8';
  readonly pool?: ModelRequest['pool'];
  readonly crop?: ModelRequest['crop'];
  readonly architecture?: LambdaArchitecture;
}

/** The program that makes them: its source in a clone, else what was built of it. */
const PROGRAM = IS_CLONE
  ? ['--import', 'tsx', join(ROOT, 'cdk', 'bundling', 'build.ts')]
  : [join(ROOT, 'dist', 'cdk', 'bundling.js')];

/**
 * Bundles the functions and makes the layer.
 *
 * In a process of its own, because constructs are made without waiting, and downloading and bundling take time.
 *
 * @throws BundlingFailed after the reason was printed
 */
export function buildAssets({ weights, precision, pool, crop, architecture }: AssetRequest = {}): Assets {
  const args = [
    ...(weights ? [`--weights=${fromHere(weights)}`] : []),
    ...(precision ? [`--precision=${precision}`] : []),
    ...(pool ? [`--pool=${pool}`] : []),
    ...(crop ? [`--crop=${crop}`] : []),
    ...(architecture ? [`--architecture=${architecture}`] : []),
  ];
  const { status, stdout } = spawnSync(process.execPath, [...PROGRAM, ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new BundlingFailed('the functions could not be packaged; the reason stands above');
  return JSON.parse(stdout) as Assets;
}

/** A path means the folder of the app, and the program runs in another. */
const fromHere = (weights: string): string => (/[./\\]/.test(weights) ? resolve(weights) : weights);
