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

type Answer =
  | Decoded
  | { readonly tooLarge: string }
  /** `heavy`: it asked for more memory than it may have. */
  | { readonly failed: string; readonly heavy: boolean };

/** What a decoder in WebAssembly holds for a pixel at most: its planes, RGBA, and the RGB that comes out. */
const BYTES_PER_PIXEL = 24;

/** Objects of JavaScript that decoders make: none needs many, since pixels are not among them. */
const HEAP_MIB = 256;

/** Sent to the worker that decodes one picture. WebAssembly's memory is none of those that Node limits. */
const WORKER = `
const { parentPort, workerData } = require('node:worker_threads');
const grow = WebAssembly.Memory.prototype.grow;
let heavy = false;
WebAssembly.Memory.prototype.grow = function (pages) {
  heavy ||= this.buffer.byteLength + pages * 65536 > workerData.maxMemoryBytes;
  if (heavy) throw new RangeError('more memory than it may have');
  return grow.call(this, pages);
};
decode(workerData).then(
  (answer) => parentPort.postMessage(answer),
  (error) => parentPort.postMessage({ failed: String(error && error.message || error), heavy }),
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
    workerData: { files, bytes, maxPixels, maxMemoryBytes: limits.maxMemoryBytes },
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
    execArgv: [],
    env: {},
    stdout: true,
    stderr: true,
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    const answer = await new Promise<Answer>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', (cause: NodeJS.ErrnoException) =>
        reject(
          cause.code === 'ERR_WORKER_OUT_OF_MEMORY'
            ? tooHeavy(limits.maxMemoryBytes)
            : new DecodingFailed('The picture could not be decoded now', { cause }),
        ),
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
    if ('failed' in answer && answer.heavy) throw tooHeavy(limits.maxMemoryBytes);
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

const tooHeavy = (bytes: number): PictureRejected =>
  new PictureRejected(
    'too-many-pixels',
    `Decoding the picture takes more than ${Math.floor(bytes / 1024 / 1024)} MiB of memory. Upload a smaller version, or a plain JPEG.`,
  );
