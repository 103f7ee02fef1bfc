/** Results as they are shown: copies of one picture as one, and where likeness drops. */

import type { Result } from '../../../client/index.ts';

export interface Stack {
  readonly top: Result;
  /** Results that are nearly copies of it. */
  readonly under: readonly Result[];
}

/** Results in order, each with its copies. */
export function stacked(results: readonly Result[]): Stack[] {
  const stacks = new Map<string, { top: Result; under: Result[] }>();
  for (const result of results) {
    const stack = result.stackedOn === undefined ? undefined : stacks.get(result.stackedOn);
    if (stack) stack.under.push(result);
    else stacks.set(result.key, { top: result, under: [] });
  }
  return [...stacks.values()];
}

/** A drop that is smaller says nothing. */
const LEAST_DROP = 0.04;
/** How much larger than the usual step it must be. */
const TIMES_USUAL = 4;
/** Scores that are looked at: far down, likeness fades without steps. */
const LOOKED_AT = 60;

/** How many results come before likeness drops; `undefined` where it fades evenly. */
export function dropAfter(scores: readonly number[]): number | undefined {
  const steps = scores
    .slice(0, LOOKED_AT)
    .slice(1)
    .map((score, at) => scores[at]! - score);
  if (steps.length < 3) return undefined;
  const largest = Math.max(...steps);
  const usual = steps.toSorted((a, b) => a - b)[Math.floor(steps.length / 2)]!;
  return largest >= LEAST_DROP && largest >= TIMES_USUAL * usual ? steps.indexOf(largest) + 1 : undefined;
}
