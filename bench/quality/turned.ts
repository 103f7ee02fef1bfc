/** How many turned and mirrored copies have their original among the candidates: by the model alone, with signatures, and asked for in all turns. */

import { CANDIDATES } from '../../pictures/duplicates/verifier.ts';
import { RowMatrix } from '../../vectorlog/scan/row-matrix.ts';
import { CHANGES } from './changes.ts';
import { rightIn, turnedIn } from './duplicates.ts';
import type { Sample, SampleCache } from './library.ts';
import type { Chosen } from './originals.ts';

/** Parts of the copies whose original is among the candidates, by change. */
type ByChange = Readonly<Record<string, number>>;

export interface TurnedQuality {
  readonly copies: number;
  /** By the embedding of the copy as it is. */
  readonly candidates: ByChange;
  /** With those that look like it turned or mirrored: what the product looks at. */
  readonly candidates_with_turned: ByChange;
  /** By the best of five: as it is, in three quarter turns, mirrored. */
  readonly candidates_in_all_turns: ByChange;
}

/** Four more runs of the network for each copy: every so many originals are enough. */
const EVERY = 4;
const TURNS = ['rotate 90', 'rotate 180', 'mirror'];

/** As many candidates for each copy as the product looks at, in either way. */
export async function measureTurned(
  { originals, gallery }: Chosen,
  cache: SampleCache,
): Promise<TurnedQuality> {
  const shelf: Sample[] = [];
  for (const source of gallery) shelf.push(...(await cache.samples(source, false)));
  const isRight = rightIn(shelf);
  const turned = turnedIn(shelf);
  const matrix = new RowMatrix(shelf[0]!.embedding.length);
  for (const { embedding } of shelf) matrix.append(embedding);

  const { nearest: k, minScore } = CANDIDATES;
  const [plain, signed, all] = [
    new Map<string, number>(),
    new Map<string, number>(),
    new Map<string, number>(),
  ];
  const more = (counts: Map<string, number>, name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
  const looked = originals.filter((_, i) => i % EVERY === 0);
  for (const source of looked) {
    for (const copy of await cache.samples(source, true)) {
      const name = CHANGES[copy.change]?.name;
      if (name === undefined || !TURNS.includes(name)) continue;
      const hits = await matrix.search([copy.embedding, ...(await cache.turned(copy))], { k, minScore });
      const isFound = (rows: readonly { readonly row: number }[]) =>
        rows.some(({ row }) => isRight(copy, shelf[row]!));
      if (isFound(hits[0]!)) more(plain, name);
      if (isFound(hits[0]!) || turned(copy).some((original) => isRight(copy, original))) more(signed, name);
      const best = hits.flat().sort((one, other) => other.score - one.score);
      if (isFound([...new Map(best.map((hit) => [hit.row, hit])).values()].slice(0, k))) more(all, name);
    }
  }
  matrix.close();
  const parts = (counts: ReadonlyMap<string, number>): ByChange =>
    Object.fromEntries(
      TURNS.map((name) => [name, Math.round((1_000 * (counts.get(name) ?? 0)) / looked.length) / 1_000]),
    );
  return {
    copies: looked.length * TURNS.length,
    candidates: parts(plain),
    candidates_with_turned: parts(signed),
    candidates_in_all_turns: parts(all),
  };
}
