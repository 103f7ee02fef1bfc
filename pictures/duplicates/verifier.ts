/** Says whether two pictures are the same one, and says it once a pair. */

import type { Clock } from '../../vectorlog/clock.ts';
import type { ObjectStore } from '../../vectorlog/store/object-store.ts';
import { VERDICTS_PREFIX } from '../names.ts';
import { Comparers } from './comparers.ts';
import { type Fingerprint, isLarger } from './fingerprint-format.ts';
import type { Comparison } from './measure.ts';
import { PackStore } from './pack-store.ts';
import { confidenceOf, SAME_FROM, VERDICT_VERSION } from './verdict.ts';

/** Pairs that are looked at: each picture and so many of its nearest, from a score that says little by itself. */
export const CANDIDATES = { minScore: 0.5, nearest: 8 } as const;

/** A picture of a pair. */
export interface Judged {
  /** The id of its fingerprint. */
  readonly id: string;
  readonly fingerprint: Fingerprint;
}

export interface JudgedPair {
  readonly pictures: readonly [Judged, Judged];
  /** The inner product of their embeddings. */
  readonly cosine: number;
}

export class Verifier {
  readonly #packs: PackStore;

  /** @param version what verdicts are made by here; those of others are not believed, and go when new ones are written */
  constructor(
    index: ObjectStore,
    clock: Pick<Clock, 'ulid'>,
    private readonly comparers = new Comparers(),
    version = VERDICT_VERSION,
  ) {
    this.#packs = new PackStore(index, `${VERDICTS_PREFIX}${version}/`, clock, VERDICTS_PREFIX);
  }

  refresh(): Promise<void> {
    return this.#packs.refresh();
  }

  flush(): Promise<void> {
    return this.#packs.flush();
  }

  /** The confidence for two fingerprints' ids, if they were compared before. */
  known(one: string, other: string): number | undefined {
    return this.#read(one, other)?.readFloatLE(0);
  }

  /**
   * Pixels along a side that one has for each of the other's where both show the same, if they were compared before and found alike;
   * less than 1 where the other one shows it larger.
   */
  detail(one: string, other: string): number | undefined {
    const known = this.#read(one, other)?.readFloatLE(4);
    return known && (one < other ? known : 1 / known);
  }

  #read(one: string, other: string): Buffer | undefined {
    const known = this.#packs.get(pairOf(one, other));
    return known && Buffer.from(known.buffer, known.byteOffset, known.byteLength);
  }

  /**
   * How sure it is of each pair that both are the same picture, 0 to 1; `isSame` draws the line. Pairs that were never
   * compared are compared on all cores.
   *
   * @throws ComparingFailed (retryable)
   */
  async confidences(pairs: readonly JudgedPair[]): Promise<number[]> {
    const unknown = new Map<string, JudgedPair>();
    for (const pair of pairs) {
      const [one, other] = pair.pictures;
      if (one.fingerprint.hash === other.fingerprint.hash) continue;
      const id = pairOf(one.id, other.id);
      if (this.#packs.get(id) === undefined) unknown.set(id, pair);
    }
    const compared = await this.comparers.compare(
      [...unknown.values()].map(({ pictures: [one, other] }) => [one.fingerprint, other.fingerprint]),
    );
    for (const [i, [id, { cosine, pictures }]] of [...unknown].entries()) {
      const comparison = compared[i];
      const value = Buffer.alloc(8);
      value.writeFloatLE(comparison ? confidenceOf(comparison, cosine) : 0, 0);
      value.writeFloatLE(comparison ? detailOf(comparison, pictures) : 0, 4);
      this.#packs.add(id, value);
    }
    return pairs.map(({ pictures: [one, other] }) =>
      one.fingerprint.hash === other.fingerprint.hash ? 1 : this.known(one.id, other.id)!,
    );
  }
}

/** Of the one whose id comes first. */
function detailOf({ detail }: Comparison, [one, other]: JudgedPair['pictures']): number {
  return isLarger(one.fingerprint, other.fingerprint) === one.id < other.id ? detail : 1 / detail;
}

const pairOf = (one: string, other: string): string =>
  one < other ? one.slice(0, 16) + other.slice(0, 16) : other.slice(0, 16) + one.slice(0, 16);

export const isSame = (confidence: number): boolean => confidence >= SAME_FROM;
