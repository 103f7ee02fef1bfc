/** A worker thread for fingerprints: compares pairs of them, or describes the pixels of one, and answers with what came of it. */

import { parentPort } from 'node:worker_threads';
import { comparisonOf } from './compare.ts';
import type { Compared, ComparingJob, Job, Outcome } from './comparers.ts';
import { describePixels } from './describe.ts';
import { decodeFingerprint } from './fingerprint-format.ts';
import { Prepared } from './prepared.ts';

function compare({ fingerprints, pairs }: ComparingJob): Compared {
  const prepared = fingerprints.map((bytes) => new Prepared(decodeFingerprint(bytes)!));
  return pairs.map(([one, other]) => comparisonOf(prepared[one]!, prepared[other]!));
}

function outcomeOf(job: Job): Outcome {
  try {
    return { result: 'pairs' in job ? compare(job) : describePixels(job) };
  } catch (error) {
    return { error };
  }
}

parentPort!.on('message', (job: Job) => parentPort!.postMessage(outcomeOf(job)));
