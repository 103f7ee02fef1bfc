/**
 * `npm run build:layer`: the Lambda layer as a folder and as a zip, the same on every machine, without Docker.
 *
 *     npm run build:layer
 *     npm run build:layer -- --weights imagenet1k-v1 --precision int8
 *     npm run build:layer -- --arch arm64
 *
 * Writes build/layer/, which becomes /opt, and build/layer.zip.
 */

import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { buildLayer } from '../cdk/bundling/layer.ts';
import { BUILD_FOLDER, ROOT } from '../cdk/bundling/lock-file.ts';
import { isNative, refuseForeign } from '../cdk/bundling/native-files.ts';
import { filesBelow } from '../cdk/bundling/sizes.ts';
import { zipFolder } from '../layers/onnx-resnet50/zip.ts';
import { LikenessError } from '../vectorlog/errors.ts';
import { CannotContinue, say, warn } from './say.ts';

const MiB = 1024 * 1024;

/** Lambda unpacks 250 MiB for a function with its layers; sharp and the code take 40 of them. */
const BUDGET = 160 * MiB;

const mib = (bytes: number): string => `${(bytes / MiB).toFixed(1).padStart(6)} MiB`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      weights: { type: 'string' },
      precision: { type: 'string', default: 'fp32' },
      arch: { type: 'string', default: 'x64' },
    },
  });
  const { weights = process.env.LIKENESS_WEIGHTS, precision, arch } = values;
  if (precision !== 'fp32' && precision !== 'int8') throw new CannotContinue('--precision is fp32 or int8');
  if (arch !== 'x64' && arch !== 'arm64') throw new CannotContinue('--arch is x64 or arm64');

  const folder = await buildLayer({ ...(weights && { weights }), precision }, arch, BUILD_FOLDER);
  const files = filesBelow(folder);
  for (const { path } of files) if (isNative(path)) refuseForeign(path, arch);
  for (const { path, bytes } of files) if (bytes > MiB) say(`${mib(bytes)}  ${relative(folder, path)}`);

  const unpacked = files.reduce((sum, { bytes }) => sum + bytes, 0);
  say(`${mib(unpacked)}  unpacked, of ${mib(BUDGET).trim()}`);
  if (unpacked > BUDGET) throw new CannotContinue('The layer is over its budget.');
  const zip = await zipFolder(folder);
  await writeFile(`${folder}.zip`, zip);
  say(`${mib(zip.length)}  zipped: ${relative(ROOT, folder)}.zip`);
  say(`SHA-256 ${createHash('sha256').update(zip).digest('hex')}`);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof LikenessError || error instanceof CannotContinue)) throw error;
  warn(error.message);
  process.exitCode = 1;
}
