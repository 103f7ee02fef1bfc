/** Lays one picture over another as well as it can: coarsely first, and closer only where that promises something. */

import { isCovered } from './cover.ts';
import { isLarger } from './fingerprint-format.ts';
import { boxPlacements, insideBorders, wholeOf } from './frames.ts';
import { between, type Homography } from './homography.ts';
import { placeByFeatures } from './match.ts';
import { type Comparison, type Measured, measure } from './measure.ts';
import type { Prepared } from './prepared.ts';
import { laidOver, refined } from './refine.ts';
import { isToned } from './tone.ts';
import { confidenceByMeasures, measuresOf, SAME_FROM } from './verdict.ts';

/** Placements that are looked at at 32 pixels. */
const FINALISTS = 3;
/** A correlation at 16 pixels, or corners that agree, below which a placement is not looked at closely. */
const PROMISING = { correlation: 0.35, inliers: 7 } as const;
/** A correlation at 32 pixels below which no copy was ever seen. */
const HOPELESS = 0.4;
/** A correlation below which no brighter copy is looked for: that is nearly always above 0.9. */
const TONED_FROM = 0.85;
/** Enough to need no corners. */
const EVIDENT = 0.985;

interface Candidate {
  readonly map: Homography;
  readonly inliers: number;
  readonly correlation: number;
}

/**
 * What is measured of a pair; does not depend on their order.
 *
 * @returns `undefined` when nothing says how one would lie over the other
 */
export function comparisonOf(one: Prepared, other: Prepared): Comparison | undefined {
  return isLarger(one.fingerprint, other.fingerprint) ? compare(one, other) : compare(other, one);
}

function compare(a: Prepared, b: Prepared): Comparison | undefined {
  const candidates = wholePlacements(a, b);
  if (!candidates.some(({ correlation }) => correlation > EVIDENT)) {
    const scales = { scaleA: scaleOf(a), scaleB: scaleOf(b) };
    for (const mirrored of [false, true]) {
      const placed = placeByFeatures(a.fingerprint.features, b.fingerprint.features, mirrored, scales);
      if (placed) candidates.push({ ...placed, correlation: agreement(a, b, placed.map, 2) });
    }
  }
  const worth = ({ correlation, inliers }: Candidate) => correlation + inliers / 40;
  const better = (one: Candidate, other: Candidate) => worth(other) - worth(one);
  const [best] = candidates
    .filter(({ correlation, inliers }) => correlation > PROMISING.correlation || inliers > PROMISING.inliers)
    .sort(better)
    .slice(0, FINALISTS)
    .map(({ map, inliers }) => {
      const halfway = between(refined(a.levels[1], b.levels[1], between(map, 2, 2), 5), 0.5, 0.5);
      return { start: map, map: halfway, inliers, correlation: agreement(a, b, halfway, 1) };
    })
    .filter(({ correlation }) => correlation > HOPELESS)
    .sort(better);
  if (!best) return undefined;
  const map = refined(a.levels[0], b.levels[0], best.map, 3);
  const measured = measure(a, b, map, best.inliers);
  return measured && { ...measured, byRule: isOpen(measured) && isByRule(a, b, [map, best.start], measured) };
}

/** Whether the rules beside the measures may say more than they do, in which the model's opinion hardly counts. */
const isOpen = (measured: Measured): boolean => confidenceByMeasures(measuresOf(measured, 1)) < SAME_FROM;

/** @param maps what is cut off pulls at the placement: most brighter copies lie best where they lay before it was moved */
const isByRule = (
  a: Prepared,
  b: Prepared,
  maps: readonly Homography[],
  { correlation }: Measured,
): boolean => isCovered(a, b) || (correlation >= TONED_FROM && maps.some((map) => isToned(a, b, map)));

/** Pixels of the small copy for each of the copy in which corners were found. */
const scaleOf = ({ levels: [{ width, height }] }: Prepared): number => Math.max(width, height) / 256;

function wholePlacements(a: Prepared, b: Prepared): Candidate[] {
  const boxesOf = ({ levels: [full] }: Prepared) => {
    const inside = insideBorders(full);
    return inside ? [wholeOf(full), inside] : [wholeOf(full)];
  };
  const maps = boxesOf(a).flatMap((box) => boxesOf(b).flatMap((other) => boxPlacements(box, other)));
  return maps.map((map) => ({ map, inliers: 0, correlation: agreement(a, b, map, 2) }));
}

let laid = new Float32Array(4_096);

/** Correlation of brightness where one lies on the other, at a level of both. */
function agreement(a: Prepared, b: Prepared, map: Homography, level: 1 | 2): number {
  const [from, to] = [a.levels[level], b.levels[level]];
  const length = to.width * to.height;
  if (laid.length < length) laid = new Float32Array(length);
  const n = laidOver(from, to, between(map, 2 ** level, 2 ** level), laid);
  if (n < 8) return 0;
  const [over, under] = [laid, to.pixels];
  let sa = 0;
  let sb = 0;
  let saa = 0;
  let sbb = 0;
  let sab = 0;
  for (let i = 0; i < length; i++) {
    const va = over[i]!;
    if (va < 0) continue;
    const vb = under[i]!;
    sa += va;
    sb += vb;
    saa += va * va;
    sbb += vb * vb;
    sab += va * vb;
  }
  const spread = Math.sqrt((saa - (sa * sa) / n) * (sbb - (sb * sb) / n));
  return spread < n ? 0 : (sab - (sa * sb) / n) / spread;
}
