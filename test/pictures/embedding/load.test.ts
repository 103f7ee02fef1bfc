/** The embedder as a whole: outcomes in order, bad pictures alone in their badness, models that cannot be used. */

import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { type PreparedModel, prepareModel } from '../../../layers/onnx-resnet50/build.ts';
import { MODELS_FOLDER } from '../../../local/model-choice.ts';
import { PictureDecoder } from '../../../pictures/decoding/decoder.ts';
import type { Embedder } from '../../../pictures/embedding/embedder.ts';
import { ModelUnusable } from '../../../pictures/embedding/embedder.ts';
import { loadEmbedder } from '../../../pictures/embedding/load.ts';
import { descriptionFile, modelFile } from '../../../pictures/embedding/model-folder.ts';
import { thumbnailMaker } from '../../../pictures/thumbnails/thumbnails.ts';

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/embedding/${name}`, import.meta.url));
let prepared: PreparedModel;
let embedder: Embedder;

beforeAll(async () => {
  prepared = await prepareModel({ weights: 'synthetic', out: MODELS_FOLDER });
  embedder = await loadEmbedder(prepared.folder);
});

describe('embed', () => {
  it('gives each picture of a batch what it gives it alone, and refuses the bad ones alone', async () => {
    const good = ['photo.jpg', 'reduced.png', 'enlarged.png', 'strip.png', 'one-pixel.png'].map(fixture);
    const cut = fixture('photo.jpg').subarray(0, 9_000);
    const batch = [good[0]!, cut, good[1]!, good[2]!, new Uint8Array(), good[3]!, good[4]!];

    const outcomes = await embedder.embed(batch);

    expect(outcomes.map(({ rejected }) => rejected?.code)).toEqual([
      undefined,
      'corrupt',
      undefined,
      undefined,
      'empty',
      undefined,
      undefined,
    ]);
    const embeddings = outcomes.flatMap(({ embedding }) => (embedding ? [embedding] : []));
    for (const [i, embedding] of embeddings.entries()) {
      const [alone] = await embedder.embed([good[i]!]);
      const differences = embedding.map((component, j) => Math.abs(component - alone!.embedding![j]!));
      expect(Math.max(...differences)).toBeLessThan(1e-5);
      expect(Math.hypot(...embedding)).toBeCloseTo(1, 5);
    }
  });

  it('makes the small copy of the same pixels, where they fit in memory, and the embedding stays the same', async () => {
    const photo = fixture('photo.jpg');
    const [alone] = await embedder.embed([photo]);
    const [both] = await embedder.embed([photo], { thumbnail: true });
    const made = await thumbnailMaker(new PictureDecoder())(photo);

    expect(both!.embedding).toEqual(alone!.embedding);
    expect(alone!.header).toMatchObject({ source: { kind: 'jpeg' }, width: expect.any(Number) });
    expect(alone!.thumbnail).toBeUndefined();
    expect(both!.thumbnail).toMatchObject({ hash: made.hash, hasExif: made.hasExif });
    const [size, expected] = await Promise.all(
      [both!.thumbnail!.body, made.body].map((body) => sharp(body).metadata()),
    );
    expect(size).toMatchObject({ format: 'webp', width: expected!.width, height: expected!.height });
  });

  it('leaves the small copy out where all pixels at once are too many, and embeds the picture', async () => {
    const wide = await sharp({ create: { width: 4_000, height: 100, channels: 3, background: 'teal' } })
      .jpeg()
      .toBuffer();
    // Enough for the square in the middle, and not for all of it.
    const decoder = new PictureDecoder({ maxMemoryBytes: 4_000 * 100 * 2 });
    const careful = await loadEmbedder(prepared.folder, { decoder });

    const [outcome] = await careful.embed([wide], { thumbnail: true });

    expect(outcome!.embedding).toHaveLength(2_048);
    expect(outcome!.thumbnail).toBeUndefined();
  });

  it('keeps its vectors apart in memory, so that one kept vector keeps no others', async () => {
    const [one, other] = await embedder.embed([fixture('photo.jpg'), fixture('reduced.png')]);

    expect(one!.embedding!.buffer).not.toBe(other!.embedding!.buffer);
    expect(one!.embedding!.buffer.byteLength).toBe(8_192);
  });

  it('sees only the part of a picture that is asked for', async () => {
    const whole = await embedder.embed([fixture('reduced.png')]);
    const part = await embedder.embed([fixture('reduced.png')], {
      crop: { x: 0, y: 0, width: 0.3, height: 0.3 },
    });

    expect(part[0]!.embedding).not.toEqual(whole[0]!.embedding);
  });

  it('says what the header tells: the size as seen, time, camera and place', async () => {
    const lying = await sharp(fixture('reduced.png'))
      .withMetadata({ orientation: 6 })
      .withExifMerge({
        IFD0: { Make: 'Canon', Model: 'Canon EOS 5D' },
        IFD2: { DateTimeOriginal: '2024:07:31 18:04:12' },
        IFD3: {
          GPSLatitudeRef: 'S',
          GPSLatitude: '33/1 51/1 36/1',
          GPSLongitudeRef: 'E',
          GPSLongitude: '151/1 12/1 0/1',
        },
      })
      .jpeg()
      .toBuffer();
    const { width, height } = await sharp(fixture('reduced.png')).metadata();

    const [outcome] = await embedder.embed([lying]);

    expect(outcome).toMatchObject({
      facts: {
        width: height,
        height: width,
        taken: '2024-07-31T18:04:12',
        camera: 'Canon EOS 5D',
        latitude: -33.86,
        longitude: 151.2,
      },
    });
  });

  it('takes a decoder with limits of its own', async () => {
    const strict = await loadEmbedder(prepared.folder, { decoder: new PictureDecoder({ maxPixels: 100 }) });

    const [outcome] = await strict.embed([fixture('photo.jpg')]);

    expect(outcome!.rejected?.code).toBe('too-many-pixels');
  });
});

describe('loadEmbedder', () => {
  it('knows what the model is before the network is loaded', () => {
    expect(embedder.model).toMatchObject({ weights: 'synthetic', synthetic: true, precision: 'fp32' });
  });

  it('refuses a folder without a model', async () => {
    await expect(loadEmbedder(tmpdir())).rejects.toThrow(ModelUnusable);
  });

  it('says that a damaged model is unusable, at the first picture and not before', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'likeness-model-'));
    writeFileSync(descriptionFile(folder), JSON.stringify(prepared.model));
    writeFileSync(modelFile(folder), 'not a model');

    const damaged = await loadEmbedder(folder);

    await expect(damaged.embed([fixture('photo.jpg')])).rejects.toThrow(ModelUnusable);
  });

  it('refuses a model of which a byte is another one: its vectors would bear the id of the right model', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'likeness-model-'));
    const bytes = readFileSync(modelFile(prepared.folder));
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(descriptionFile(folder), JSON.stringify(prepared.model));
    writeFileSync(modelFile(folder), bytes);

    const damaged = await loadEmbedder(folder);

    await expect(damaged.warm()).rejects.toThrow(ModelUnusable);
  });
});
