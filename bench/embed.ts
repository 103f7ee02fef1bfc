/**
 * Pictures per second from file bytes to unit vector, beside the reference stack (Pillow, torchvision, torch) on the
 * same pictures with the same threads: `npm run bench:embed [-- --json] [-- --weights file.pth] [-- --rounds 5] [-- --quick]`.
 *
 * Photos are those of a folder given with `--photos`; rendered pictures are 300 of a dev dependency. The reference is
 * given the batch size that is fastest for it, found beforehand on a part of each set. Then it, fp32 and int8 take turns,
 * because machines have slow minutes: a ratio is the median of the ratios within each round.
 *
 * Where there is no torch, the reference is left out and its figures are null.
 */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepareModel } from '../layers/onnx-resnet50/build.ts';
import { MODELS_FOLDER } from '../local/model-choice.ts';
import type { Embedder } from '../pictures/embedding/embedder.ts';
import { loadEmbedder } from '../pictures/embedding/load.ts';
import { sharedPhotos, sharedWeights } from '../test/shared.ts';
import { neighbourAgreement } from './embed/agreement.ts';
import { Reference, type Run } from './embed/reference.ts';
import { describeMachine, machine } from './machine.ts';
import { median } from './median.ts';
import { photoNames, RENDERED, renderedNames } from './pictures.ts';

const BATCHES = [1, 2, 4, 8, 16];
/** Pictures of a set on which the reference's batch size is chosen. */
const TRIED = 64;
const NEIGHBOURS = 10;

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    /** A few pictures, once, without the reference: only to see that it runs. */
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    weights: { type: 'string', default: sharedWeights ?? 'synthetic' },
    photos: { type: 'string', default: sharedPhotos ?? '' },
    python: { type: 'string', default: '/usr/bin/python3' },
  },
});
const RENDERED_COUNT = options.quick ? 12 : 300;
const rounds = Number(options.rounds ?? (options.quick ? 1 : 3));
const say = (line: string): void => {
  if (!options.json) console.log(line);
};

interface PictureSet {
  readonly name: string;
  readonly folder: string;
  readonly names: readonly string[];
}

const rounded = (value: number): number => Math.round(value * 1000) / 1000;
const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

async function pictureSets(): Promise<PictureSet[]> {
  const rendered = await renderedNames();
  const step = Math.floor(rendered.length / RENDERED_COUNT);
  const sets = [
    {
      name: 'rendered',
      folder: RENDERED,
      names: rendered.filter((_, i) => i % step === 0).slice(0, RENDERED_COUNT),
    },
  ];
  if (options.photos && !options.quick) {
    sets.push({ name: 'photos', folder: options.photos, names: await photoNames(options.photos) });
  }
  return sets;
}

async function embedAll(embedder: Embedder, { folder, names }: PictureSet): Promise<Run> {
  const files = await Promise.all(names.map((name) => readFile(join(folder, name))));
  const start = performance.now();
  const outcomes = await embedder.embed(files);
  const seconds = (performance.now() - start) / 1000;
  return {
    seconds,
    vectors: outcomes.map(({ embedding, rejected }) => {
      if (rejected) throw rejected;
      return embedding;
    }),
  };
}

/** The batch size at which the reference is fastest; the first run of each is a warm-up. */
async function fastestBatch(reference: Reference, { folder, names }: PictureSet): Promise<number> {
  const tried = names.slice(0, TRIED);
  const seconds = new Map<number, number>();
  for (const batch of [BATCHES[0]!, ...BATCHES]) {
    seconds.set(batch, (await reference.run(folder, tried, batch)).seconds);
  }
  return BATCHES.reduce((best, batch) => (seconds.get(batch)! < seconds.get(best)! ? batch : best));
}

async function compare(set: PictureSet, fp32: Embedder, int8: Embedder, reference: Reference | undefined) {
  const batch = reference ? await fastestBatch(reference, set) : null;
  const runs: { readonly reference: Run | undefined; readonly fp32: Run; readonly int8: Run }[] = [];
  for (let round = 0; round < rounds; round++) {
    runs.push({
      reference: batch === null ? undefined : await reference?.run(set.folder, set.names, batch),
      fp32: await embedAll(fp32, set),
      int8: await embedAll(int8, set),
    });
  }
  const last = runs.at(-1)!;
  const perSecond = (seconds: readonly number[]) => rounded(set.names.length / median(seconds));
  const ratio = (slow: readonly number[], fast: readonly number[]) =>
    rounded(median(slow.map((seconds, i) => seconds / fast[i]!)));
  const ofFp32 = runs.map((run) => run.fp32.seconds);
  const ofInt8 = runs.map((run) => run.int8.seconds);
  const ofReference = runs.flatMap((run) => run.reference?.seconds ?? []);
  const cosines = (a: Run, b: Run) => a.vectors.map((vector, i) => dot(vector, b.vectors[i]!));
  const mean = (numbers: readonly number[]) => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
  return {
    pictures: set.names.length,
    fp32: perSecond(ofFp32),
    int8: perSecond(ofInt8),
    reference: reference ? perSecond(ofReference) : null,
    referenceBatch: batch,
    vsReference: reference ? ratio(ofReference, ofFp32) : null,
    int8VsFp32: ratio(ofFp32, ofInt8),
    cosineToReference:
      last.reference && options.weights.endsWith('.pth')
        ? rounded(Math.min(...cosines(last.fp32, last.reference)))
        : null,
    int8Cosine: rounded(mean(cosines(last.int8, last.fp32))),
    int8Agreement: rounded(neighbourAgreement(last.fp32.vectors, last.int8.vectors, NEIGHBOURS)),
  };
}

const threads = availableParallelism();
const scratch = await mkdtemp(join(tmpdir(), 'likeness-bench-'));
async function prepare(precision: 'fp32' | 'int8'): Promise<Embedder> {
  const { folder } = await prepareModel({ weights: options.weights, precision, out: MODELS_FOLDER });
  const embedder = await loadEmbedder(folder, { threads });
  await embedder.warm();
  return embedder;
}
const fp32 = await prepare('fp32');
const int8 = await prepare('int8');
const reference = options.quick
  ? undefined
  : await Reference.start({
      python: options.python,
      threads,
      weights: options.weights.endsWith('.pth') ? options.weights : undefined,
      scratch,
    }).catch((error: unknown) => {
      say(`reference: left out: ${error instanceof Error ? error.message : error}`);
      return undefined;
    });
try {
  say(describeMachine(machine()));
  if (reference) {
    const versions = Object.entries(reference.versions).map((entry) => entry.join(' '));
    say(`reference: ${versions.join(', ')}`);
  }
  const results: Record<string, Awaited<ReturnType<typeof compare>>> = {};
  for (const set of await pictureSets()) {
    const result = await compare(set, fp32, int8, reference);
    results[set.name] = result;
    say(`${set.name}, ${result.pictures} pictures, per second:`);
    say(`  fp32       ${result.fp32}${result.vsReference ? `   ${result.vsReference} x the reference` : ''}`);
    say(`  int8       ${result.int8}   ${result.int8VsFp32} x fp32`);
    if (reference)
      say(`  reference  ${result.reference}   at its fastest batch size, ${result.referenceBatch}`);
    say(
      `  int8: mean cosine to fp32 ${result.int8Cosine}, same ${NEIGHBOURS} neighbours ${result.int8Agreement}`,
    );
  }
  if (options.json) {
    console.log(
      JSON.stringify({
        machine: machine(),
        reference: reference?.versions ?? null,
        results,
        ratios: {
          photos_vs_reference: results.photos?.vsReference ?? null,
          rendered_vs_reference: results.rendered!.vsReference,
          int8_vs_fp32: results.rendered!.int8VsFp32,
        },
      }),
    );
  }
} finally {
  reference?.stop();
  await rm(scratch, { recursive: true, force: true });
}
