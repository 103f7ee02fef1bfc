/** The one way from picture files to pixels: for the network, for thumbnails and for smaller copies, equally strict. */

import sharp, { type Sharp } from 'sharp';
import { decodeTimeout, meaningOf, PictureRejected } from './errors.ts';
import { type PictureHeader, readHeader } from './header.ts';
import { refuseDamagedJpeg } from './jpeg.ts';
import { optionalKindOf, type PictureKind } from './kinds.ts';
import { PICTURE_LIMITS, type PictureLimits } from './limits.ts';
import { MemoryBudget } from './memory-budget.ts';
import { decodeOptional } from './optional/decode-optional.ts';
import type { OptionalDecoder } from './optional/optional-decoder.ts';
import { type Pixels, plainTiff } from './pixels.ts';
import { encode, type SmallCopyOptions, shrink, turn } from './small-copy.ts';
import { tooManyBytes } from './source.ts';
import { weightOf } from './weight.ts';

// Every picture is another one: what libvips would keep of the last ones is never asked for again.
sharp.cache(false);

const MiB = 1024 * 1024;

/**
 * Bytes of pictures that are decoded side by side. A larger one is decoded alone, so memory has one bound: this, or the
 * weight of the heaviest picture that is taken.
 */
const SIDE_BY_SIDE_BYTES = 256 * MiB;

/** Small pictures that are decoded at once: as many as keep the network busy while it cannot ask for more. */
const DECODED_AT_ONCE = 8;

/** What following the codes of a progressive JPEG holds for a pixel of one channel: two words of 32 bits a block. */
const FOLLOWED_BYTES = 1 / 8;

/** A picture, or a part of one, in pixels of the picture. */
export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Warnings of libjpeg that tell of pixels which are not in the file; many bytes too many are what is left when decoding lost
 * its way. Others tell of oddities that harm nothing.
 */
const PIXELS_MISSING =
  /premature end of|bad huffman code|instead of rst|[0-9]{3} extraneous bytes|unable to read/i;

/**
 * Kinds whose decoders read no further than they are asked to; others read all they have before the first row, and of JPEGs
 * their codes tell.
 */
const ROWS_ON_REQUEST: ReadonlySet<PictureKind> = new Set(['png', 'tiff']);

/**
 * libvips keeps one buffer of error messages for all threads of the process: what it says of a failure is of one picture for
 * certain only while no other is decoded. Each decoding takes a share; one that failed is repeated with all of them.
 */
const SHARES = 1_024;
const together = new MemoryBudget(SHARES);

export class PictureDecoder {
  readonly limits: PictureLimits;
  readonly #budget: MemoryBudget;
  readonly #leastShare: number;
  readonly #following: MemoryBudget;
  /** Decoders that the user added. */
  readonly optional: readonly OptionalDecoder[];

  /**
   * @param limits Those that differ from `PICTURE_LIMITS`.
   * @param optional Decoders that the user added; the first that has a kind decodes it.
   */
  constructor(limits: Partial<PictureLimits> = {}, optional: readonly OptionalDecoder[] = []) {
    this.optional = optional;
    this.limits = { ...PICTURE_LIMITS, ...limits };
    const sideBySide = Math.min(SIDE_BY_SIDE_BYTES, this.limits.maxMemoryBytes);
    this.#budget = new MemoryBudget(sideBySide);
    this.#leastShare = sideBySide / DECODED_AT_ONCE;
    this.#following = new MemoryBudget(sideBySide / 2);
  }

  /** @throws PictureRejected, DecodingFailed */
  async header(bytes: Uint8Array): Promise<PictureHeader> {
    const kind = this.optional.length > 0 ? optionalKindOf(bytes) : undefined;
    const decoder = kind && this.optional.find(({ kinds }) => kinds.has(kind));
    return decoder ? this.#madePlain(bytes, decoder) : this.#headerOf(bytes);
  }

  /** Decodes a file of an optional kind, alone, and goes on as with a TIFF of its pixels; it keeps what its camera wrote. */
  async #madePlain(bytes: Uint8Array, decoder: OptionalDecoder): Promise<PictureHeader> {
    const { limits } = this;
    if (bytes.length > limits.maxBytes) throw tooManyBytes(bytes.length, limits.maxBytes);
    const tiff = await this.#budget.run(Number.POSITIVE_INFINITY, async () => {
      const { profile, ...pixels } = await decodeOptional(decoder, bytes, limits);
      return plainTiff(pixels, profile);
    });
    const header = await this.#headerOf(tiff);
    const exif = exifOf(bytes);
    return exif ? { ...header, metadata: { ...header.metadata, exif } } : header;
  }

  async #headerOf(bytes: Uint8Array): Promise<PictureHeader> {
    const header = await this.#declared(bytes);
    const { kind, bytes: jpeg } = header.source;
    if (kind !== 'jpeg' && kind !== 'raw') return header;
    // Outside of the shares of decoding: what was made to take long must not hold up who waits for all of them.
    const { isProgressive, channels } = header.metadata;
    const held = isProgressive ? header.width * header.height * channels * FOLLOWED_BYTES : 1;
    await this.#following.run(held, () => refuseDamagedJpeg(jpeg, this.limits.decodeTimeoutMs));
    return header;
  }

  async #declared(bytes: Uint8Array): Promise<PictureHeader> {
    const read = () => readHeader(bytes, this.limits);
    try {
      return await this.#budget.run(1, () => together.run(1, read));
    } catch (error) {
      // What is told without a decoder's message is certain.
      if (!(error instanceof Error) || error.cause === undefined) throw error;
      return this.#alone(read);
    }
  }

  /** Runs while nothing else is decoded in this process. */
  #alone<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#budget.run(Number.POSITIVE_INFINITY, () => together.run(SHARES, work));
  }

  /** Whether all pixels of a picture may be decoded at once, and not only those of a part. */
  takesAll({ source, metadata, width, height }: PictureHeader): boolean {
    return weightOf(source.kind, metadata, width * height) <= this.limits.maxMemoryBytes;
  }

  /**
   * Decodes a part of the picture, as stored, to 8-bit RGB, transparency on white; a picture with an RGB profile keeps its
   * colours.
   *
   * @param use Makes of the pixels what is needed while they are still counted.
   * @throws PictureRejected, DecodingFailed
   */
  async decode<Result>(
    header: PictureHeader,
    part: Rectangle,
    use: (pixels: Pixels) => Result | Promise<Result>,
  ): Promise<Result> {
    const ignoreIcc = header.rgbProfile !== undefined || header.metadata.depth === 'ushort';
    const { left, top, width, height } = part;
    // Damage counts wherever it is, as in a copy of the whole: rows below the part are read too, and then left out.
    const rows = ROWS_ON_REQUEST.has(header.source.kind) ? header.height - top : height;
    return this.#run(header, width * rows, { ignoreIcc }, async (picture) => {
      const { data, info } = await picture
        .extract({ left, top, width, height: rows })
        .flatten({ background: 'white' })
        .toColourspace('srgb')
        .raw()
        .toBuffer({ resolveWithObject: true });
      if (info.channels !== 3) throw new Error(`decoded to ${info.channels} channels`);
      return use({ data: data.subarray(0, width * height * 3), width, height });
    });
  }

  /**
   * A smaller copy of a picture, as seen, in sRGB; transparency on white.
   *
   * @param picture the bytes of its file, or its header where that has been read
   * @throws PictureRejected, DecodingFailed
   */
  async smallCopy(picture: Uint8Array | PictureHeader, options: SmallCopyOptions): Promise<Uint8Array> {
    const header = picture instanceof Uint8Array ? await this.header(picture) : picture;
    return this.#run(header, header.width * header.height, {}, (picture) => {
      const turned =
        header.metadata.orientation === undefined ? turn(picture, header.orientation) : picture.autoOrient();
      const small = shrink(turned, options).flatten({ background: 'white' }).toColourspace('srgb');
      return encode(small, options);
    });
  }

  /** Decodes when there is memory for it, in time; again where it failed, to know why, and where a JPEG is only odd. */
  async #run<Result>(
    header: PictureHeader,
    resultPixels: number,
    options: { readonly ignoreIcc?: boolean },
    work: (picture: Sharp) => Promise<Result>,
  ): Promise<Result> {
    const { limits } = this;
    const { kind, bytes } = header.source;
    const weight = weightOf(kind, header.metadata, resultPixels);
    if (weight > limits.maxMemoryBytes) {
      throw new PictureRejected(
        'too-many-pixels',
        `Decoding the picture would take ${Math.ceil(weight / MiB)} MiB of memory, and there are ` +
          `${Math.floor(limits.maxMemoryBytes / MiB)}. Upload a smaller version, or a plain JPEG.`,
      );
    }
    const isJpeg = kind === 'jpeg' || kind === 'raw';
    const attempt = (failOn: 'warning' | 'error'): Promise<Result> => {
      const picture = sharp(bytes, {
        failOn,
        limitInputPixels: limits.maxPixels,
        sequentialRead: true,
        ...options,
        // Frees the thread, as soon as the decoder comes to a point where it can stop.
      }).timeout({ seconds: Math.ceil(limits.decodeTimeoutMs / 1000) + 1 });
      return within(limits.decodeTimeoutMs, work(picture));
    };
    const strict = isJpeg ? 'warning' : 'error';
    try {
      return await this.#budget.run(Math.max(weight, this.#leastShare), () =>
        together.run(1, () => attempt(strict)),
      );
    } catch (error) {
      // Beside others, and on a machine that has slept, time tells nothing of the picture.
      if (error instanceof PictureRejected && error.code !== 'decode-timeout') throw error;
    }
    return this.#alone(async () => {
      try {
        return await attempt(strict).catch((error: unknown) => {
          if (!isJpeg || error instanceof PictureRejected || PIXELS_MISSING.test(String(error))) throw error;
          return attempt('error');
        });
      } catch (error) {
        throw meaningOf(error, weight);
      }
    });
  }
}

/** How EXIF begins in boxes: with its name, or with an offset of nothing. */
const EXIF_STARTS = ['Exif\0\0II*\0', 'Exif\0\0MM\0*', '\0\0\0\0II*\0', '\0\0\0\0MM\0*'].map((start) =>
  Buffer.from(start, 'latin1'),
);

/** EXIF as it stands in a file of any kind, with what comes behind it. */
function exifOf(bytes: Uint8Array): Buffer | undefined {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = EXIF_STARTS.map((mark) => file.indexOf(mark)).find((at) => at >= 0);
  return start === undefined ? undefined : file.subarray(file[start] === 0 ? start + 4 : start);
}

/** The result of `work`, or a rejection of the picture when it takes longer than `ms`. */
async function within<Result>(ms: number, work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(decodeTimeout(ms)), ms);
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
