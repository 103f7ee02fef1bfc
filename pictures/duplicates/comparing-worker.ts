/** A worker thread that compares pairs of fingerprints: gets some, answers with what it measured of each pair. */

import { parentPort } from 'node:worker_threads';
import { comparisonOf } from './compare.ts';
import type { ComparingJob } from './comparers.ts';
import { decodeFingerprint } from './fingerprint-format.ts';
import { prepare } from './prepared.ts';

parentPort!.on('message', ({ fingerprints, pairs }: ComparingJob) => {
  const prepared = fingerprints.map((bytes) => prepare(decodeFingerprint(bytes)!));
  parentPort!.postMessage(pairs.map(([one, other]) => comparisonOf(prepared[one]!, prepared[other]!)));
});
