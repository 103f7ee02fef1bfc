/** How well what belongs together is found: mean average precision over tasks, by plain and by centred scores. */

import { Centering } from '../../vectorlog/read/centered.ts';
import { innerProduct } from '../../vectorlog/scan/hit.ts';
import type { Task } from './tasks.ts';

export interface Scores {
  /** Mean average precision, and precision of the first and the first five, over all pictures that have a partner. */
  readonly mAP: number;
  readonly p1: number;
  readonly p5: number;
  readonly queries: number;
}

export interface TaskQuality {
  readonly name: string;
  readonly plain: Scores;
  readonly centered: Scores;
}

/** Measures one task. Every picture that has a partner is searched by once, and all others are ranked. */
export function measureTask({ name, pictures }: Task, embeddings: readonly Float32Array[]): TaskQuality {
  const classes = pictures.map(({ of }) => of);
  const centering = new Centering(embeddings[0]?.length ?? 0);
  for (const embedding of embeddings) centering.add(embedding);
  return {
    name,
    plain: measure(embeddings, classes),
    centered: measure(
      embeddings.map((embedding) => centering.center(embedding)),
      classes,
    ),
  };
}

function measure(vectors: readonly Float32Array[], classes: readonly (string | undefined)[]): Scores {
  let [mAP, p1, p5, queries] = [0, 0, 0, 0];
  for (const [q, query] of vectors.entries()) {
    const partners = classes.filter((of, i) => i !== q && of !== undefined && of === classes[q]).length;
    if (partners === 0) continue;
    const ranked = vectors
      .map((vector, i) => ({ i, score: innerProduct(query, vector) }))
      .filter(({ i }) => i !== q)
      .sort((a, b) => b.score - a.score)
      .map(({ i }) => classes[i] === classes[q]);
    let [right, precision] = [0, 0];
    for (const [rank, isRight] of ranked.entries()) if (isRight) precision += ++right / (rank + 1);
    mAP += precision / partners;
    p1 += Number(ranked[0]);
    p5 += ranked.slice(0, 5).filter(Boolean).length / Math.min(5, partners);
    queries++;
  }
  const share = (sum: number) => Math.round((1000 * sum) / Math.max(1, queries)) / 10;
  return { mAP: share(mAP), p1: share(p1), p5: share(p5), queries };
}
