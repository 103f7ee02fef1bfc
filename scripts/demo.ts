/**
 * `npm run demo`: indexes 500 drawings through the whole product and shows how good the answers are.
 *
 *     npm run demo
 *     npm run demo -- --json
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { addPictures } from '../cli/add-pictures.ts';
import { findPictures } from '../cli/files.ts';
import { startProgress } from '../cli/progress.ts';
import { type Client, createClient } from '../client/client.ts';
import { consoleLogger } from '../local/console-logger.ts';
import { demoNames, demoSource, motifOf } from '../local/demo-pictures.ts';
import { modelFolder } from '../local/model-choice.ts';
import { serveFolder } from '../local/serve.ts';
import { PictureDecoder } from '../pictures/decoding/decoder.ts';
import { decodeBytesOf } from '../pictures/decoding/memory-budget.ts';
import { loadEmbedder } from '../pictures/embedding/load.ts';
import { say, warn } from './say.ts';

/** Answers looked at for each picture: the five other skin tones of a motif, were they all first. */
const LOOKED_AT = 5;

/** Searches that are printed. */
const SHOWN = 5;

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
const tell = values.json ? warn : say;

async function main(): Promise<void> {
  const decoder = new PictureDecoder({ maxMemoryBytes: decodeBytesOf() });
  const embedder = await loadEmbedder(await modelFolder(), { decoder });
  if (embedder.model.synthetic) {
    warn('The model has SYNTHETIC weights: likeness of meaning is not to be expected of these answers.');
  }
  const folder = await mkdtemp(join(tmpdir(), 'likeness-demo-'));
  const serving = await serveFolder({ folder, port: 0, embedder, decoder, logger: consoleLogger(warn) });
  try {
    const client = createClient({ endpoint: serving.url });
    const { added, seconds } = await addAll(client);
    tell(`Added ${added} pictures in ${seconds.toFixed(1)} s, ${(added / seconds).toFixed(1)} a second.`);
    const quality = await measure(client);
    tell(
      `Of the first ${LOOKED_AT} answers to each of ${quality.queries} pictures, ` +
        `${(quality.share * 100).toFixed(1)} % are the same picture in another skin tone.`,
    );
    tell(`A search took ${quality.p50Ms.toFixed(1)} ms (median of ${quality.queries}, by key, over HTTP).`);
    if (values.json)
      say(JSON.stringify({ model: embedder.model.modelId, pictures: added, seconds, ...quality }));
  } finally {
    await serving.stop();
    await rm(folder, { recursive: true });
  }
}

async function addAll(client: Client): Promise<{ added: number; seconds: number }> {
  const source = demoSource();
  if (!source) throw new Error('the pictures are not installed; run "npm ci" first');
  const files = await findPictures((await demoNames(source)).map((name) => join(source, name)));
  const bar = startProgress({ title: 'Adding', total: files.length });
  const startedAt = performance.now();
  const { added, refused } = await addPictures(files, {
    client,
    wait: true,
    force: false,
    atOnce: 8,
    patienceMs: 60_000,
    onFinished: (finished) => bar.update(finished),
  });
  bar.stop();
  if (refused.length > 0) throw new Error(`${refused[0]?.key} was refused: ${refused[0]?.reason}`);
  return { added: added.length, seconds: (performance.now() - startedAt) / 1_000 };
}

/** Searches by every picture that has other skin tones. */
async function measure(client: Client): Promise<{ queries: number; share: number; p50Ms: number }> {
  const { items } = await client.images({ limit: 1_000 });
  const toned = items
    .map(({ key }) => key)
    .filter((key, _, all) => all.some((other) => isSibling(key, other)));
  const shownEvery = Math.floor(toned.length / SHOWN);
  const times: number[] = [];
  let siblings = 0;
  for (const [i, key] of toned.entries()) {
    const startedAt = performance.now();
    const { results } = await client.similar(key, { k: LOOKED_AT });
    times.push(performance.now() - startedAt);
    siblings += results.filter((result) => isSibling(key, result.key)).length;
    if (i % shownEvery === 0) {
      tell(`${key}`);
      for (const result of results) {
        tell(
          `  ${result.score.toFixed(3)}  ${result.key}${isSibling(key, result.key) ? '  same picture' : ''}`,
        );
      }
    }
  }
  times.sort((a, b) => a - b);
  const share = siblings / (toned.length * LOOKED_AT);
  return { queries: toned.length, share, p50Ms: times[Math.floor(times.length / 2)] ?? 0 };
}

const isSibling = (key: string, other: string): boolean => key !== other && motifOf(key) === motifOf(other);

await main();
