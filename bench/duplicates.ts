/**
 * How long it takes to find all duplicates among 10,000 pictures, candidates and verdicts, and once more with the verdicts
 * that were stored: `npm run bench:duplicates [-- --json] [--quick] [--pictures 10000] [--candidates]`. With --candidates
 * only the first half: all pairs of pictures are compared by their embeddings, and no verdict is asked for.
 */

import { parseArgs } from 'node:util';

import { Comparers } from '../pictures/duplicates/comparers.ts';
import { type DuplicateSource, findDuplicates } from '../pictures/duplicates/find-duplicates.ts';
import { signatureOf } from '../pictures/duplicates/signature.ts';
import { TurnedNeighbours } from '../pictures/duplicates/turned-neighbours.ts';
import { SAME_FROM } from '../pictures/duplicates/verdict.ts';
import { CANDIDATES, type Judged, Verifier } from '../pictures/duplicates/verifier.ts';
import { systemClock } from '../vectorlog/clock.ts';
import { MemoryStore } from '../vectorlog/testing/memory-store.ts';
import { fingerprintsOfRows } from './duplicates/fingerprints.ts';
import { describeMachine, machine } from './machine.ts';
import { deleteMadeUp, madeUpEmbeddings, preparedEmbeddings } from './search/embeddings.ts';
import { codesOf, loadMatrix } from './search/ours.ts';

const {
  values: { quick, json, candidates: onlyCandidates, pictures: asked },
} = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    candidates: { type: 'boolean', default: false },
    pictures: { type: 'string', default: '10000' },
  },
});
const PICTURES = quick ? 300 : Number(asked);

const all = quick ? await madeUpEmbeddings(PICTURES) : await preparedEmbeddings();
const { file, modelId, synthetic } = all;
const matrix = await loadMatrix(file, PICTURES);
const { codes } = await codesOf(matrix);
const fingerprints = onlyCandidates ? [] : await fingerprintsOfRows(PICTURES, quick ? 60 : undefined);
const judgedOf = (row: number): Judged => ({
  // Verdicts are known by the beginnings of both ids.
  id: row.toString(16).padStart(16, '0').padEnd(32, '0'),
  fingerprint: fingerprints[row]!,
});
const read = async (rows: readonly number[]) => rows.map((row) => matrix.row(row));
// What is made up has no neighbours to speak of; some are looked at all the same.
const candidates = quick ? { ...CANDIDATES, minScore: 0 } : CANDIDATES;
const comparers = new Comparers();
const turned = new TurnedNeighbours(
  fingerprints.flatMap(({ copy }, row) => {
    const signature = signatureOf(copy);
    return signature ? [{ row, signature }] : [];
  }),
);
const verifier = new Verifier(new MemoryStore(), systemClock, comparers);

const first = await run();
const again = onlyCandidates ? undefined : await run();
await comparers.stop();
if (quick) await deleteMadeUp(all);

const result = {
  modelId,
  synthetic,
  pictures: PICTURES,
  allPairsSeconds: first.candidateSeconds,
  ...(again
    ? {
        ...first,
        msPerPair: (1000 * first.verdictSeconds) / first.compared,
        again: { seconds: again.seconds, verdictSeconds: again.verdictSeconds },
      }
    : { passes: first.passes, pairs: first.pairs }),
};
if (json) {
  console.log(JSON.stringify({ machine: machine(), ...result }));
} else {
  console.log(describeMachine(machine()));
  console.log(`${PICTURES} pictures, crops and mirrored ones, embedded with ${modelId}`);
  console.log(
    `all pairs by their embeddings: ${first.candidateSeconds.toFixed(1)} s in ${first.passes} passes`,
  );
  console.log(result);
}

/** The whole job. Seconds are by the clock. */
async function run() {
  let [candidateMs, verdictMs, pairs, passes, groups, grouped, longestStepMs] = [0, 0, 0, 0, 0, 0, 0];
  /** Pairs in either order: each is compared once. */
  const distinct = new Set<number>();
  const source: DuplicateSource = {
    rows: Array.from({ length: PICTURES }, (_, row) => row),
    read,
    search: async (queries, options) => {
      passes++;
      const begun = performance.now();
      const { hits } = await codes.search(queries, options, read);
      candidateMs += performance.now() - begun;
      return hits;
    },
  };
  const start = performance.now();
  let stepStart = start;
  const steps = findDuplicates(source, {
    ...candidates,
    sureFrom: SAME_FROM,
    also: (row) => turned.of(row),
    verify: async (some) => {
      pairs += some.length;
      if (onlyCandidates) return some.map(() => 0);
      for (const { row, hit } of some)
        distinct.add(Math.min(row, hit.row) * PICTURES + Math.max(row, hit.row));
      const begun = performance.now();
      const confidences = await verifier.confidences(
        some.map(({ row, hit }) => ({ pictures: [judgedOf(row), judgedOf(hit.row)], cosine: hit.score })),
      );
      verdictMs += performance.now() - begun;
      return confidences;
    },
  });
  for await (const step of steps) {
    groups += step.groups.length;
    grouped += step.groups.reduce((total, { rows }) => total + rows.length, 0);
    longestStepMs = Math.max(longestStepMs, performance.now() - stepStart);
    stepStart = performance.now();
  }
  return {
    seconds: (performance.now() - start) / 1000,
    candidateSeconds: candidateMs / 1000,
    verdictSeconds: verdictMs / 1000,
    ...{ pairs, compared: distinct.size, passes, groups, grouped, longestStepMs },
  };
}
