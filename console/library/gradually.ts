/** Makes the tiles that come into view a few in a frame, so that a scroll stays smooth. */

import { useEffect, useLayoutEffect, useReducer, useRef } from 'preact/hooks';

/** Tiles that are made in one frame at the most: some milliseconds of work, and a row of most pages. */
const MADE_AT_ONCE = 8;
/** Milliseconds of a frame that was too long: the page, or what fetches and draws its pictures, has too much to do. */
const LONG_MS = 16;

/**
 * The indices from `start` to `end` that exist by now: those that do already, and each frame a few new ones, from the middle
 * out; half as many after a frame that took long, and one more after one that did not.
 *
 * @param always exists in any case, be it out of view or among those that come later
 */
export function useGradually(start: number, end: number, always: number | undefined): number[] {
  const made = useRef<ReadonlySet<number>>(new Set());
  const atOnce = useRef(MADE_AT_ONCE);
  // How many this drawing may make: none but in a frame of its own, for a scroll draws several times in one.
  const allowed = useRef(MADE_AT_ONCE);
  const frame = useRef(0);
  const [, next] = useReducer((frames: number) => frames + 1, 0);
  const wanted = Array.from({ length: end - start }, (_, n) => start + n);
  if (always !== undefined && always < start) wanted.unshift(always);
  if (always !== undefined && always >= end) wanted.push(always);
  const middle = (start + end) / 2;
  const missing = wanted
    .filter((index) => index !== always && !made.current.has(index))
    .sort((one, other) => Math.abs(one - middle) - Math.abs(other - middle));
  const late = new Set(missing.slice(allowed.current));
  const indices = wanted.filter((index) => !late.has(index));
  const more = late.size > 0;
  useLayoutEffect(() => {
    made.current = new Set(indices);
    if (end > start) allowed.current = 0;
    if (!more || frame.current !== 0) return;
    frame.current = requestAnimationFrame(() => {
      frame.current = 0;
      allowed.current = atOnce.current;
      const began = performance.now();
      // Runs once the frame has been laid out and painted.
      setTimeout(() => {
        const isLong = performance.now() - began > LONG_MS;
        atOnce.current = isLong ? Math.ceil(atOnce.current / 2) : Math.min(MADE_AT_ONCE, atOnce.current + 1);
      });
      next(undefined);
    });
  });
  useEffect(() => () => cancelAnimationFrame(frame.current), []);
  return indices;
}
