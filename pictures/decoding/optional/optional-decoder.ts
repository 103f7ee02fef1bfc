/** The port to decoders that this program does not bring along: packages that the user adds, found at start. */

import { Worker } from 'node:worker_threads';
import { DecodingFailed, PictureRejected } from '../errors.ts';
import type { OptionalKind } from '../kinds.ts';
import type { Pixels } from '../pixels.ts';

export interface OptionalDecoder {
  /** The package's name and version. */
  readonly name: string;
  readonly kinds: ReadonlySet<OptionalKind>;
  /** CommonJS that defines `decode({ files, bytes, maxPixels })`, an async function whose result is `Decoded`. */
  readonly source: string;
  /** Paths of the package's files, by the names that `source` knows them by. */
  readonly files: Readonly<Record<string, string>>;
}

/** What is known of a package before it is found. */
export interface KnownPackage extends Pick<OptionalDecoder, 'kinds' | 'source'> {
  readonly package: string;
  /** Modules of the package whose files are needed, by the names that `source` knows them by. */
  readonly modules: Readonly<Record<string, string>>;
}

/** Pixels as seen: turned as the file says, transparency on white. */
export interface Decoded extends Pixels {
  /** The ICC profile of the pixels' colours; sRGB when there is none. */
  readonly profile?: Uint8Array;
}

type Answer = Decoded | { readonly tooLarge: string } | { readonly failed: string };

/** What a decoder in WebAssembly holds for a pixel at most: its planes, RGBA, and the RGB that comes out. */
const BYTES_PER_PIXEL = 24;

/** Sent to the worker that decodes one picture. */
const WORKER = `
const { parentPort, workerData } = require('node:worker_threads');
decode(workerData).then(
  (answer) => parentPort.postMessage(answer),
  (error) => parentPort.postMessage({ failed: String(error && error.message || error) }),
);`;

/**
 * Decodes one picture in a thread of its own, which ends with it: whatever the decoder does or leaks, memory and time are
 * bounded, and this thread answers meanwhile.
 *
 * @throws PictureRejected, DecodingFailed
 */
export async function decodeOptional(
  { source, files }: OptionalDecoder,
  bytes: Uint8Array,
  limits: { readonly maxPixels: number; readonly maxMemoryBytes: number; readonly decodeTimeoutMs: number },
): Promise<Decoded> {
  const maxPixels = Math.min(limits.maxPixels, Math.floor(limits.maxMemoryBytes / BYTES_PER_PIXEL));
  const worker = new Worker(source + WORKER, {
    eval: true,
    workerData: { files, bytes, maxPixels },
    execArgv: [],
    env: {},
    stdout: true,
    stderr: true,
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    const answer = await new Promise<Answer>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', (cause) =>
        reject(new DecodingFailed('The picture could not be decoded now', { cause })),
      );
      worker.once('exit', () =>
        reject(new DecodingFailed('The decoder of the picture ended without a word')),
      );
      const seconds = limits.decodeTimeoutMs / 1_000;
      const late = `The picture takes more than ${seconds} seconds to decode. Upload a smaller version.`;
      timer = setTimeout(() => reject(new PictureRejected('decode-timeout', late)), limits.decodeTimeoutMs);
    });
    if ('tooLarge' in answer)
      throw new PictureRejected(
        'too-many-pixels',
        `The picture has ${answer.tooLarge} pixels; at most ${maxPixels.toLocaleString('en-US')} of its kind are taken here. ` +
          'Upload a smaller version, or a plain JPEG.',
      );
    if ('failed' in answer)
      throw new PictureRejected('corrupt', 'The file is damaged or cut off: it cannot be decoded whole.', {
        cause: new Error(answer.failed),
      });
    return answer;
  } finally {
    clearTimeout(timer);
    worker.removeAllListeners('exit');
    await worker.terminate();
  }
}
