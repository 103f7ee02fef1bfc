/** What a kind of file is to `npm run test:files`. */

import type { RejectionCode } from '../../pictures/decoding/errors.ts';
import type { MadePicture } from './made-picture.ts';

/** A picture, and which of many files of its kind it is for. */
export interface Making {
  readonly picture: MadePicture;
  readonly variant: number;
}

export interface FileKind {
  /** The row of docs/formats.md. */
  readonly format: string;
  /** What is particular about it, as docs/formats.md says it. */
  readonly name: string;
  readonly ending: string;
  readonly make: (making: Making) => Buffer | Promise<Buffer>;
  /** `taken`, or the code of the reason for which it is refused. */
  readonly outcome: 'taken' | RejectionCode;
  /** What the reason must say. */
  readonly says?: string;
  /** What is seen when it is shown; the picture itself by default. */
  readonly rendering?: (making: Making) => MadePicture | Promise<MadePicture>;
  /** The smallest cosine to the rendering. @default 0.999 */
  readonly cosine?: number;
  /** The mean difference of a thumbnail from the rendering's in levels, at most. @default 14 */
  readonly levels?: number;
  /** Files of it in a full run. @default 4 */
  readonly variants?: number;
  /** Takes many seconds and hundreds of megabytes: left out of quick runs. */
  readonly isHeavy?: true;
  /** Taken only where a package that the user adds decodes it; else `unsupported-format`. */
  readonly byPackage?: true;
}
