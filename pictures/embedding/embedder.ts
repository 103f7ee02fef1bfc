/** The port that turns pictures into vectors. */

import { LikenessError } from '../../vectorlog/errors.ts';
import type { PictureRejected } from '../decoding/errors.ts';
import type { PictureFacts } from '../decoding/facts.ts';
import type { PictureHeader } from '../decoding/header.ts';
import type { Thumbnail } from '../thumbnails/thumbnails.ts';

/** What a model is, as the file beside it says; known without loading the network. */
export interface ModelInfo {
  /** `<weights name>-<first 8 hex of the model file's sha256>`: the namespace of everything made with it. */
  readonly modelId: string;
  /** The weights' name: `imagenet1k-v2`, `imagenet1k-v1`, `sscd`, `synthetic`, or the file's name. */
  readonly weights: string;
  /** Random weights: near-duplicates are found, likeness of meaning is not. Must be said wherever answers are shown. */
  readonly synthetic: boolean;
  readonly precision: 'fp32' | 'int8';
}

/** What became of one picture: its unit vector, float32, or the reason there is none. */
export type EmbedOutcome =
  | {
      readonly embedding: Float32Array;
      /** What the header told, where the embedder reads one. */
      readonly facts?: PictureFacts;
      /** That header, for who has to know more of the file. */
      readonly header?: PictureHeader;
      /** Where it was asked for, and one decoding could serve for both. */
      readonly thumbnail?: Thumbnail | undefined;
      readonly rejected?: undefined;
    }
  | {
      readonly rejected: PictureRejected;
      readonly embedding?: undefined;
      readonly header?: undefined;
      readonly thumbnail?: undefined;
    };

/** A part of a picture, in fractions of its width and height after EXIF rotation, 0 to 1. */
export interface Crop {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface EmbedOptions {
  /** Only this part of each picture. */
  readonly crop?: Crop;
  /** Somebody waits for the answer: these pictures pass those that are embedded for an index. */
  readonly urgent?: boolean;
  /** Also makes the small copy of each picture from the same pixels, unless all of them would take too much memory. */
  readonly thumbnail?: boolean;
}

export interface Embedder {
  readonly model: ModelInfo;
  /** Loads the network now instead of at the first picture; calling it again costs nothing. */
  warm(): Promise<void>;
  /**
   * Turns the bytes of picture files into unit vectors, one outcome a picture, in order. A bad picture is an outcome,
   * not an error, and costs its neighbours nothing. Rejects only when the machine or the model fails.
   */
  embed(pictures: readonly Uint8Array[], options?: EmbedOptions): Promise<EmbedOutcome[]>;
}

/** The model file is missing, damaged, or not the one that its description says. */
export class ModelUnusable extends LikenessError {
  readonly retryable = false;
}
