/** A picture that quality is measured on, and chance that is the same in every run. */

export type Kind = 'rendered' | 'photo' | 'painted' | 'garment';

export interface Source {
  readonly name: string;
  readonly kind: Kind;
  /** Pictures of one family are easily taken for one another: what is learned from one of them says too much of the others. */
  readonly family: string;
  readonly read: () => Promise<Uint8Array>;
}

/** Numbers from 0 to 1 that are the same in every run. */
export function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function shuffled<T>(items: readonly T[], seed: number): T[] {
  const next = numbers(seed);
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}
