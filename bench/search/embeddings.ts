/** Real embeddings for the search benchmark: rendered pictures, enlarged by crops and flips, in a `.faiss` file. */

import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import protobuf from 'protobufjs';
import { resnet50 } from '../../layers/onnx-resnet50/architecture.ts';
import { ELEMENT } from '../../layers/onnx-resnet50/onnx.ts';
import { readModelChoice } from '../../local/model-choice.ts';
import { PictureDecoder } from '../../pictures/decoding/decoder.ts';
import { DIMENSIONS } from '../../pictures/dimensions.ts';
import { SIDE } from '../../pictures/embedding/geometry.ts';
import { modelFile, readModelInfo } from '../../pictures/embedding/model-folder.ts';
import { preprocess } from '../../pictures/embedding/preprocess.ts';
import { encodeFaissHeader, FAISS_HEADER_BYTES, rowOffset } from '../../vectorlog/commit/file-formats.ts';

const CACHE = '.cache/bench';
/** The last feature map's side: each of its 7 x 7 places sees the picture around it. */
export const MAP = 7;
const FEATURES = resnet50().at(-1)!.name;

/** A square of the last feature map; its mean is what the network makes of that crop of the picture. */
interface Window {
  readonly x: number;
  readonly y: number;
  readonly side: number;
}

/** The whole, its four corners of 6 x 6, and all nine squares of 5 x 5, and the middle. */
export const WINDOWS: readonly Window[] = [
  ...squares(7, [0]),
  ...squares(6, [0, 1]),
  ...squares(5, [0, 1, 2]),
  ...squares(3, [2]),
];

function squares(side: number, offsets: readonly number[]): Window[] {
  return offsets.flatMap((y) => offsets.map((x) => ({ x, y, side })));
}

export interface Embeddings {
  /** An IndexFlatIP file. */
  readonly file: string;
  readonly rows: number;
  readonly modelId: string;
  readonly synthetic: boolean;
  /** Rows from the first on that are whole pictures, each another one. */
  readonly pictures: number;
}

/**
 * Embeds every picture of a package of rendered emoji and its mirror image, and of each the crops that `WINDOWS` names;
 * crops are taken from the feature map, so that one pass of the network makes fifteen rows. Whole pictures come first,
 * then one crop of all of them, and so on. Cached: the first time takes minutes.
 *
 * @param folder of the model
 */
export async function realEmbeddings(
  folder: string,
  onProgress: (done: number, total: number) => void,
): Promise<Embeddings> {
  const { modelId, synthetic } = await readModelInfo(folder);
  const pictures = await pictureFiles();
  const total = pictures.length * WINDOWS.length * 2;
  const file = join(CACHE, `${modelId}-${total}.faiss`);
  const embeddings: Embeddings = { file, rows: total, modelId, synthetic, pictures: pictures.length };
  if (existsSync(file)) return embeddings;

  const decoder = new PictureDecoder();
  const session = await featureSession(folder);
  const vectors = new Float32Array(total * DIMENSIONS);
  for (const [i, path] of pictures.entries()) {
    const pixels = await preprocess(decoder, await decoder.header(await readFile(path)));
    const both = new Uint8Array(pixels.length * 2);
    both.set(pixels);
    both.set(mirrored(pixels), pixels.length);
    const map = await session.run({ pixels: new Tensor('uint8', both, [2, SIDE, SIDE, 3]) });
    const features = map[FEATURES]!.data as Float32Array;
    for (let variant = 0; variant < WINDOWS.length * 2; variant++) {
      const row = variant * pictures.length + i;
      const mirror = variant % 2;
      const part = features.subarray(mirror * DIMENSIONS * MAP * MAP, (mirror + 1) * DIMENSIONS * MAP * MAP);
      pool(part, WINDOWS[variant >> 1]!, vectors.subarray(row * DIMENSIONS, (row + 1) * DIMENSIONS));
    }
    onProgress(i + 1, pictures.length);
  }
  await session.release();
  await write(file, vectors);
  return embeddings;
}

/** Those of the model that was set up. @throws when there is none */
export async function preparedEmbeddings(
  onProgress: (done: number, total: number) => void = () => {},
): Promise<Embeddings> {
  const { folder } = (await readModelChoice()) ?? {};
  if (!folder) throw new Error('no model: run "npm run setup" first');
  return realEmbeddings(folder, onProgress);
}

/** A file of the first `rows` rows. */
export async function cutEmbeddings({ file, modelId }: Embeddings, rows: number): Promise<string> {
  const part = join(CACHE, `${modelId}-${rows}.faiss`);
  if (existsSync(part)) return part;
  await pipeline(
    async function* () {
      yield encodeFaissHeader(rows, DIMENSIONS);
      yield* createReadStream(file, { start: FAISS_HEADER_BYTES, end: rowOffset(rows, DIMENSIONS) - 1 });
    },
    createWriteStream(`${part}.part`),
  );
  await rename(`${part}.part`, part);
  return part;
}

/** Rows that are made up, for the short forms of benchmarks, which need neither model nor time. */
export async function madeUpEmbeddings(rows: number): Promise<Embeddings> {
  const vectors = Float32Array.from({ length: rows * DIMENSIONS }, () => Math.random() ** 4);
  for (let row = 0; row < rows; row++) {
    const vector = vectors.subarray(row * DIMENSIONS, (row + 1) * DIMENSIONS);
    const norm = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
    for (let i = 0; i < DIMENSIONS; i++) vector[i]! /= norm;
  }
  await mkdir(CACHE, { recursive: true });
  const modelId = `made-up-${process.pid}`;
  const file = join(CACHE, `${modelId}.faiss`);
  await writeFile(file, [encodeFaissHeader(rows, DIMENSIONS), new Uint8Array(vectors.buffer)]);
  return { file, rows, modelId, synthetic: true, pictures: rows };
}

/** Deletes what `madeUpEmbeddings` wrote, and what was cut from it. */
export async function deleteMadeUp({ modelId }: Embeddings): Promise<void> {
  for (const name of await readdir(CACHE)) if (name.startsWith(`${modelId}`)) await rm(join(CACHE, name));
}

async function pictureFiles(): Promise<string[]> {
  const installed = createRequire(import.meta.url).resolve('@lobehub/fluent-emoji-3d/package.json');
  const folder = join(dirname(installed), 'assets');
  const names = await readdir(folder);
  return names
    .filter((name) => name.endsWith('.webp'))
    .sort()
    .map((name) => join(folder, name));
}

/**
 * The model with one more output: the feature map that the last pool averages. Protocol buffers that stand one behind
 * the other are read as one, so nothing needs to be decoded.
 */
async function featureSession(folder: string): Promise<InferenceSession> {
  const type = { tensor_type: { elem_type: ELEMENT.float32 } };
  const addition = Addition.encode({ graph: { output: [{ name: FEATURES, type }] } }).finish();
  const model = Buffer.concat([await readFile(modelFile(folder)), addition]);
  // Threads that spin while they wait take time from whatever else the machine does.
  const extra = { session: { intra_op: { allow_spinning: '0' } } };
  return InferenceSession.create(model, { extra });
}

/** The part of ONNX's model that says what its outputs are. */
const Addition = protobuf
  .parse(
    `syntax = "proto2";
     message Model { optional Graph graph = 7; }
     message Graph { repeated Value output = 12; }
     message Value { optional string name = 1; optional Type type = 2; }
     message Type { optional Tensor tensor_type = 1; }
     message Tensor { optional int32 elem_type = 1; }`,
    { keepCase: true },
  )
  .root.lookupType('Model');

function mirrored(pixels: Uint8Array): Uint8Array {
  const mirror = new Uint8Array(pixels.length);
  for (let at = 0; at < pixels.length; at += 3) {
    const x = (at / 3) % SIDE;
    const to = at + (SIDE - 1 - 2 * x) * 3;
    for (let channel = 0; channel < 3; channel++) mirror[to + channel] = pixels[at + channel]!;
  }
  return mirror;
}

/** The mean of each feature over the window, as a unit vector. */
function pool(features: Float32Array, { x, y, side }: Window, row: Float32Array): void {
  let squares = 0;
  for (let channel = 0; channel < DIMENSIONS; channel++) {
    let sum = 0;
    for (let line = y; line < y + side; line++) {
      const from = (channel * MAP + line) * MAP + x;
      for (let at = from; at < from + side; at++) sum += features[at]!;
    }
    row[channel] = sum;
    squares += sum * sum;
  }
  const norm = Math.sqrt(squares);
  for (let channel = 0; channel < DIMENSIONS; channel++) row[channel]! /= norm;
}

async function write(file: string, vectors: Float32Array): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  const handle = await open(`${file}.part`, 'w');
  await handle.write(encodeFaissHeader(vectors.length / DIMENSIONS, DIMENSIONS));
  const bytes = new Uint8Array(vectors.buffer);
  for (let at = 0; at < bytes.length; at += 2 ** 26) await handle.write(bytes.subarray(at, at + 2 ** 26));
  await handle.close();
  await rename(`${file}.part`, file);
}
