/**
 * Sends files of every kind that people have through the product:
 * `npm run test:files [-- --quick] [-- --kind TEXT] [-- --write]`.
 *
 * Each file is uploaded by the command line, indexed, searched for by another rendering of what it shows and by itself, and asked
 * for as a thumbnail; or it is refused everywhere for the reason that its kind has: by the upload, and by indexing when it is put
 * into the folder. Kinds that need a package are tried without
 * it and with it. `--quick` makes one file of each kind, `--kind` those of one, `--write` writes the table of docs/formats.md.
 */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { run } from '../../cli/program.ts';
import { type Client, createClient } from '../../client/client.ts';
import { ProblemError } from '../../client/problem-error.ts';
import { SEARCH_LIMITS } from '../../functions/search/limits.ts';
import { modelFolder } from '../../local/model-choice.ts';
import { serveFolder } from '../../local/serve.ts';
import { PictureDecoder } from '../../pictures/decoding/decoder.ts';
import { findOptionalDecoders } from '../../pictures/decoding/optional/find.ts';
import type { OptionalDecoder } from '../../pictures/decoding/optional/optional-decoder.ts';
import { loadEmbedder } from '../../pictures/embedding/load.ts';
import { silentLogger } from '../../vectorlog/logger.ts';
import { inParallel } from '../../vectorlog/parallel.ts';
import { DOCUMENT, documents } from './document.ts';
import type { FileKind } from './file-kind.ts';
import { KINDS } from './kinds.ts';
import { MadePicture } from './made-picture.ts';

const VARIANTS = 4;
const LEAST_COSINE = 0.999;
/** Most of it is the thumbnail's own coding of sharp edges; other pictures and wrong turns differ by 40 and more. */
const MOST_LEVELS = 14;
const SIDE_BY_SIDE = 3;
/** A file that is not judged by then is a fault. */
const PATIENCE_MS = 20_000;
const POLL_MS = 50;
/** Pixels of the thumbnails that are compared. */
const SIZE = 160;

interface MadeFile {
  readonly kind: FileKind;
  readonly key: string;
  readonly path: string;
  readonly bytes: Buffer;
  /** What is seen, as a PNG. */
  readonly rendering: Buffer;
}

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    kind: { type: 'string', default: '' },
    write: { type: 'boolean', default: false },
  },
});

const faults: string[] = [];

async function makeFiles(folder: string, kinds: readonly FileKind[]): Promise<MadeFile[]> {
  const files: MadeFile[] = [];
  const endings = new Map<string, number>();
  for (const kind of kinds) {
    const { variants = VARIANTS } = kind;
    if (options.quick && kind.isHeavy) continue;
    const number = KINDS.indexOf(kind);
    for (let index = 0; index < (options.quick ? 1 : variants); index++) {
      // Quick runs take another variant of each kind.
      const variant = options.quick ? number % variants : index;
      const picture = MadePicture.of(number * 8 + variant);
      const making = { picture, variant };
      const bytes = await kind.make(making);
      const count = (endings.get(kind.ending) ?? 0) + 1;
      endings.set(kind.ending, count);
      const name = `${count}.${kind.ending}`;
      const path = join(folder, name);
      await writeFile(path, bytes);
      const rendering = await ((await kind.rendering?.(making)) ?? picture).png();
      files.push({ kind, key: `files/${name}`, path, bytes, rendering });
    }
  }
  return files;
}

/** One command of the command line, in this process. */
async function command(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const lines = { out: [] as string[], err: [] as string[] };
  const code = await run(args, {
    out: (line) => void lines.out.push(line),
    err: (line) => void lines.err.push(line),
    interactive: false,
  });
  return { code, out: lines.out.join('\n'), err: lines.err.join('\n') };
}

/** Mean absolute difference of two pictures in levels; infinite where they differ in size by more than rounding. */
async function difference(a: Uint8Array, b: Uint8Array): Promise<number> {
  const [x, y] = await Promise.all(
    [a, b].map((bytes) =>
      sharp(bytes).removeAlpha().toColourspace('srgb').raw().toBuffer({ resolveWithObject: true }),
    ),
  );
  const [one, other] = [x!, y!];
  if (Math.abs(one.info.width - other.info.width) > 1 || Math.abs(one.info.height - other.info.height) > 1)
    return Infinity;
  const same =
    one.info.width === other.info.width && one.info.height === other.info.height
      ? other.data
      : await sharp(b)
          .removeAlpha()
          .resize(one.info.width, one.info.height, { fit: 'fill' })
          .raw()
          .toBuffer();
  return one.data.reduce((sum, level, i) => sum + Math.abs(level - same[i]!), 0) / one.data.length;
}

/** Waits until the server has judged every one of these keys. */
async function settled(client: Client, keys: readonly string[]): Promise<void> {
  const isOpen = async (key: string) => ['absent', 'pending'].includes((await client.image(key)).state);
  for (const key of keys)
    for (const end = Date.now() + PATIENCE_MS; Date.now() < end && (await isOpen(key)); )
      await delay(POLL_MS);
}

async function tryFiles(kinds: readonly FileKind[], decoders: readonly OptionalDecoder[]): Promise<number> {
  const base = await mkdtemp(join(tmpdir(), 'likeness-files-'));
  const [source, folder] = [join(base, 'files'), join(base, 'library')];
  await Promise.all([mkdir(source), mkdir(folder)]);
  const decoder = new PictureDecoder({}, decoders);
  const embedder = await loadEmbedder(await modelFolder(), { decoder });
  const serving = await serveFolder({ folder, port: 0, embedder, decoder, logger: silentLogger });
  try {
    const files = await makeFiles(source, kinds);
    const client = createClient({ endpoint: serving.url });
    const endpoint = ['--endpoint', serving.url];
    const added = await command('add', source, '--json', ...endpoint);
    const { refused } = JSON.parse(added.out) as { refused: { key: string; reason: string }[] };
    const reasons = new Map(refused.map(({ key, reason }) => [key, reason]));
    // An upload that is refused leaves nothing behind; a file that is in the folder already is refused by indexing.
    await mkdir(join(folder, 'files'), { recursive: true });
    for (const { key, bytes } of files) if (reasons.has(key)) await writeFile(join(folder, key), bytes);
    await settled(client, [...reasons.keys()]);

    const check = async ({ kind, key, path, bytes, rendering }: MadeFile): Promise<void> => {
      const fault = (what: string) => faults.push(`${kind.format}, ${kind.name} (${key}): ${what}`);
      const thumbnail = await fetch(`${serving.url}/thumbnails/${key}?size=${SIZE}`);
      const shown = new Uint8Array(await thumbnail.arrayBuffer());
      const bySelf = await client
        .search({ image: bytes }, { k: files.length })
        .catch((error: unknown) => (error instanceof ProblemError ? error : Promise.reject(error)));
      // A larger body is refused whatever it holds; the command line makes a smaller copy.
      const isTooLarge = bytes.length > SEARCH_LIMITS.maxBodyBytes;
      const byCommand = await command('search', path, '--json', ...endpoint);

      if (kind.outcome === 'taken' || (kind.byPackage && decoders.length > 0)) {
        if (reasons.has(key)) fault(`refused: ${reasons.get(key)}`);
        const { results } = await client.search({ image: rendering }, { k: files.length });
        const found = results.find((result) => result.key === key);
        const least = kind.cosine ?? LEAST_COSINE;
        if (results[0]?.key !== key) fault(`${results[0]?.key} is more like its rendering`);
        if (!found || found.score < least) fault(`cosine ${found?.score} to its rendering, not ${least}`);
        if (
          bySelf instanceof ProblemError
            ? !isTooLarge
            : bySelf.results[0]?.key !== key || bySelf.results[0].score < 0.9999
        )
          fault('does not find itself');
        if (byCommand.code !== 0 || !byCommand.out.includes(JSON.stringify(key)))
          fault(`the command line does not find it: ${byCommand.err}`);
        const levels = thumbnail.ok
          ? await difference(
              shown,
              await sharp(rendering)
                .resize(SIZE, SIZE, { fit: 'inside', withoutEnlargement: true })
                .png()
                .toBuffer(),
            )
          : Infinity;
        if (!(levels <= (kind.levels ?? MOST_LEVELS)))
          fault(`a thumbnail that differs by ${levels} levels (${thumbnail.status})`);
        return;
      }
      const entry = await client.image(key);
      if (entry.state !== 'rejected' || entry.reason.code !== kind.outcome)
        fault(`it is ${JSON.stringify(entry).slice(0, 300)}, not ${kind.outcome}`);
      if (!reasons.get(key)?.includes(kind.says ?? '')) fault(`the command line says: ${reasons.get(key)}`);
      if (!(bySelf instanceof ProblemError)) fault('it can be searched by');
      else if (!bySelf.message.includes(kind.says ?? '')) fault(`a search says: ${bySelf.message}`);
      if (byCommand.code !== 1) fault(`the command line searched by it: ${byCommand.out}${byCommand.err}`);
      if (thumbnail.status !== 415) fault(`a thumbnail with status ${thumbnail.status}`);
    };
    await Promise.all(
      inParallel(
        SIDE_BY_SIDE,
        files.map((file) => () => check(file)),
      ),
    );
    return files.length;
  } finally {
    await serving.stop();
    await rm(base, { recursive: true, force: true });
  }
}

if (options.write) await writeFile(DOCUMENT, (await documents()).wanted);
else {
  const kinds = KINDS.filter(({ format, name }) => `${format} ${name}`.includes(options.kind));
  const start = performance.now();
  const plain = await tryFiles(kinds, []);
  const more = kinds.filter(({ byPackage }) => byPackage);
  const packaged = more.length > 0 ? await tryFiles(more, findOptionalDecoders()) : 0;
  const seconds = Math.round((performance.now() - start) / 1_000);
  for (const fault of faults) console.error(fault);
  console.log(
    `${plain} files of ${kinds.length} kinds, ${packaged} again with packages, ${seconds} s: ${faults.length} faults`,
  );
  process.exitCode = faults.length > 0 ? 1 : 0;
}
