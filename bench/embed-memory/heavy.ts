/**
 * What decoding the heaviest pictures of each kind takes, against their weight: run by `embed-memory.ts` in processes of their own,
 * since memory that one decoder leaves behind would count for the next.
 */

import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp, { type Sharp } from 'sharp';
import { PictureDecoder } from '../../pictures/decoding/decoder.ts';
import { ALLOCATOR_ENVIRONMENT } from '../../pictures/decoding/limits.ts';
import { weightOf } from '../../pictures/decoding/weight.ts';
import { processMemory } from '../../test/process-memory.ts';

export interface Heaviness {
  readonly name: string;
  readonly megapixels: number;
  /** Bytes that decoding took more than the process had, at its peak. */
  readonly took: number;
  /** Bytes that it was taken to need. */
  readonly weight: number;
}

const KINDS: Readonly<Record<string, (noise: Sharp) => Sharp>> = {
  JPEG: (noise) => noise.jpeg({ quality: 95, chromaSubsampling: '4:4:4' }),
  'progressive JPEG, 4:4:4': (noise) =>
    noise.jpeg({ quality: 95, progressive: true, chromaSubsampling: '4:4:4' }),
  'PNG, 16 bit': (noise) => noise.toColourspace('rgb16').png({ compressionLevel: 1 }),
  'interlaced PNG, 16 bit': (noise) =>
    noise.toColourspace('rgb16').png({ compressionLevel: 1, progressive: true }),
  'interlaced PNG, 16 bit, alpha': (noise) =>
    noise.ensureAlpha(0.5).toColourspace('rgb16').png({ compressionLevel: 1, progressive: true }),
  'lossless WebP': (noise) => noise.webp({ lossless: true, effort: 0 }),
  WebP: (noise) => noise.webp({ effort: 0 }),
  GIF: (noise) => noise.gif({ effort: 1 }),
  'TIFF, deflate, 16 bit': (noise) => noise.toColourspace('rgb16').tiff({ compression: 'deflate' }),
  'AVIF, 4:4:4': (noise) => noise.avif({ effort: 0, chromaSubsampling: '4:4:4' }),
  'AVIF, 4:4:4, alpha': (noise) => noise.ensureAlpha(0.5).avif({ effort: 0, chromaSubsampling: '4:4:4' }),
};

/** Measures every kind with a picture of noise. @param side pixels of its height; it is half as wide again */
export async function measureHeavy(side: number): Promise<Heaviness[]> {
  const [width, height] = [Math.round(side * 1.5), side];
  const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
  const source = await sharp({ create: { width, height, channels: 3, background: 'grey', noise } })
    .png({ compressionLevel: 0 })
    .toBuffer();
  const folder = await mkdtemp(join(tmpdir(), 'likeness-heavy-'));
  try {
    const measured: Heaviness[] = [];
    for (const [name, make] of Object.entries(KINDS)) {
      const file = join(folder, 'picture');
      await writeFile(file, await make(sharp(source)).toBuffer());
      const child = spawnSync(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url), file], {
        env: { ...process.env, ...ALLOCATOR_ENVIRONMENT },
        encoding: 'utf8',
      });
      if (child.status !== 0) throw new Error(`${name}: ${child.stderr}`);
      const { took, weight } = JSON.parse(child.stdout) as Pick<Heaviness, 'took' | 'weight'>;
      measured.push({ name, megapixels: (width * height) / 1e6, took, weight });
    }
    return measured;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureOne(file: string): Promise<void> {
  const decoder = new PictureDecoder({ maxMemoryBytes: 8 * 2 ** 30, decodeTimeoutMs: 600_000 });
  // What libvips and the decoder set up once is not the picture's.
  const small = await sharp(await readFile(file))
    .resize(64)
    .png()
    .toBuffer();
  const decode = async (bytes: Uint8Array) => {
    const header = await decoder.header(bytes);
    const whole = { left: 0, top: 0, width: header.width, height: header.height };
    await decoder.decode(header, whole, ({ data }) => data.length);
    return weightOf(header.source.kind, header.metadata, header.width * header.height);
  };
  await decode(small);
  const bytes = await readFile(file);
  const before = processMemory('self')!.now;
  // Sets the peak back to what is resident now.
  await writeFile('/proc/self/clear_refs', '5');
  const weight = await decode(bytes);
  console.log(JSON.stringify({ took: processMemory('self')!.most - before, weight }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await measureOne(process.argv[2]!);
