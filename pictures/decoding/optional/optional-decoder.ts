/** The port to decoders that this program does not bring along: packages that the user adds, found at start. */

import type { OptionalKind } from '../kinds.ts';
import type { Pixels } from '../pixels.ts';

export interface OptionalDecoder {
  /** The package's name and version. */
  readonly name: string;
  readonly kinds: ReadonlySet<OptionalKind>;
  /** What decoding holds for a pixel: planes in WebAssembly, RGBA, and the RGB that comes out, here too. */
  readonly bytesPerPixel: number;
  /** CommonJS that defines `decode({ files, bytes, maxPixels })`, an async function whose result is `Decoded`. */
  readonly source: string;
  /** Paths of the package's files, by the names that `source` knows them by. */
  readonly files: Readonly<Record<string, string>>;
}

/** What is known of a package before it is found. */
export interface KnownPackage extends Pick<OptionalDecoder, 'kinds' | 'bytesPerPixel' | 'source'> {
  readonly package: string;
  /** Modules of the package whose files are needed, by the names that `source` knows them by. */
  readonly modules: Readonly<Record<string, string>>;
}

/** Pixels as seen: turned as the file says, transparency on white. */
export interface Decoded extends Pixels {
  /** The ICC profile of the pixels' colours; sRGB when there is none. */
  readonly profile?: Uint8Array;
}
