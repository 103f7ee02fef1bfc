/** Says whether two pictures are the same one, and says it once a pair. */

import type { Clock } from '../../vectorlog/clock.ts';
import type { ObjectStore } from '../../vectorlog/store/object-store.ts';
import { VERDICTS_PREFIX } from '../names.ts';
import { compare } from './compare.ts';
import type { Fingerprint } from './fingerprint.ts';
import type { Comparison } from './measure.ts';
import { PackStore } from './pack-store.ts';
import { type Prepared, prepare } from './prepared.ts';
import { confidenceOf, measuresOf, SAME_FROM, VERDICT_VERSION } from './verdict.ts';

/** Pairs that are looked at: each picture and so many of its nearest, from a score that says little by itself. */
export const CANDIDATES = { minScore: 0.5, nearest: 8 } as const;

/** Fingerprints that are held ready: a few hundred rows and their neighbours. */
const MAX_PREPARED = 1_024;

/** A picture of a pair. */
export interface Judged {
  /** The id of its fingerprint. */
  readonly id: string;
  readonly fingerprint: Fingerprint;
}

export class Verifier {
  readonly #packs: PackStore;
  readonly #prepared = new Map<string, Prepared>();

  /** @param version what verdicts are made by here; those of others are not believed, and go when new ones are written */
  constructor(index: ObjectStore, clock: Pick<Clock, 'ulid'>, version = VERDICT_VERSION) {
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
    const known = this.#packs.get(pairOf(one, other));
    return known && Buffer.from(known.buffer, known.byteOffset, 4).readFloatLE(0);
  }

  /** How sure it is that both are the same picture, 0 to 1; `isSame` draws the line. */
  confidence(one: Judged, other: Judged, cosine: number): number {
    if (one.fingerprint.hash === other.fingerprint.hash) return 1;
    const [a, b] = one.id < other.id ? [one, other] : [other, one];
    const known = this.known(a.id, b.id);
    if (known !== undefined) return known;
    const confidence = Math.fround(judge(this.#ready(a), this.#ready(b), cosine));
    const value = Buffer.alloc(4);
    value.writeFloatLE(confidence);
    this.#packs.add(pairOf(a.id, b.id), value);
    return confidence;
  }

  #ready({ id, fingerprint }: Judged): Prepared {
    const known = this.#prepared.get(id);
    if (known) return known;
    const prepared = prepare(fingerprint);
    if (this.#prepared.size >= MAX_PREPARED) {
      const [oldest] = this.#prepared.keys();
      this.#prepared.delete(oldest!);
    }
    this.#prepared.set(id, prepared);
    return prepared;
  }
}

const pairOf = (one: string, other: string): string =>
  one < other ? one.slice(0, 16) + other.slice(0, 16) : other.slice(0, 16) + one.slice(0, 16);

/** How sure it is that two pictures are the same, 0 to 1. Does not depend on their order. */
export function judge(one: Prepared, other: Prepared, cosine: number): number {
  const comparison = comparisonOf(one, other);
  return comparison ? confidenceOf(measuresOf(comparison, cosine)) : 0;
}

/** What is measured of a pair: the smaller picture is laid over the larger, whichever comes first. */
export function comparisonOf(one: Prepared, other: Prepared): Comparison | undefined {
  const order = pixelsOf(one) - pixelsOf(other) || (one.fingerprint.hash < other.fingerprint.hash ? 1 : -1);
  return order > 0 ? compare(one, other) : compare(other, one);
}

const pixelsOf = ({ fingerprint: { width, height } }: Prepared): number => width * height;

export const isSame = (confidence: number): boolean => confidence >= SAME_FROM;
