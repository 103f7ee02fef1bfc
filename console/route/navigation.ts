/** Moves between views through the browser's history, and puts the scroll position back where it was. */

import { useEffect, useState } from 'preact/hooks';
import { formatRoute, parseRoute, type Route } from './route.ts';

/** The address that the page shows; the address bar follows, see `navigate`. */
let hash = location.hash;
/** Told after each change of the address, whoever made it. */
const listeners = new Set<() => void>();
/** A slider changes the address with every pixel, and browsers limit how often history may be written. */
const ADDRESS_SETTLES_MS = 150;
let settling: ReturnType<typeof setTimeout> | undefined;

addEventListener('popstate', () => {
  clearTimeout(settling);
  arriveAt(location.hash);
});

/**
 * How a view is arrived at: as a step that "back" returns from; in place of the view that is shown; or in place of it
 * and on the way to others, as a slider does. Only the last may leave the address bar behind for a moment, so a reload
 * right after anything else keeps it. `over` is a step that leaves the page below where it was scrolled to.
 */
export type Arrival = 'step' | 'over' | 'in-place' | 'sliding';

/** Goes to a view. */
export function navigate(route: Route, arrival: Arrival = 'step'): void {
  const next = formatRoute(route);
  if (next === hash) return;
  clearTimeout(settling);
  const write = () => history.replaceState(history.state, '', next);
  if (arrival === 'sliding') settling = setTimeout(write, ADDRESS_SETTLES_MS);
  else if (arrival === 'in-place') write();
  else {
    if (hash !== location.hash) history.replaceState(history.state, '', hash);
    history.pushState(arrival === 'over' ? { scrollY, over: true } : null, '', next);
    if (arrival === 'step') restore(0);
  }
  arriveAt(next);
}

/** Takes away what was opened over a view: by going back where it was opened here, in place where a link led to it. */
export function closeOver(): void {
  if ((history.state as { over?: true } | null)?.over) history.back();
  else navigate(routeBelow(), 'in-place');
}

/** Shows a view in place of what the page was opened with, which nobody is to come back to. `next` begins with `#`, or is empty. */
export function openAt(next: string): void {
  history.replaceState(null, '', new URL('.', location.href).href + next);
  arriveAt(next);
}

function arriveAt(next: string): void {
  hash = next;
  for (const listener of listeners) listener();
}

/** The view that is shown now. */
export const currentRoute = (): Route => parseRoute(hash);

/** The view that is shown now, without the picture that may be large above it. */
export function routeBelow(): Route {
  const { show: _, ...below } = currentRoute();
  return below as Route;
}

/** The view to show, as it changes. */
export function useRoute(): Route {
  const [shown, setShown] = useState(hash);
  useEffect(() => {
    const read = () => setShown(hash);
    listeners.add(read);
    return () => {
      listeners.delete(read);
    };
  }, []);
  return parseRoute(shown);
}

/** Milliseconds of calm after which a scroll position is noted: browsers limit how often history may be written. */
const SCROLL_SETTLES_MS = 150;
/** How long a page may take to grow to its former height: longer lists are read, and drawn, a part at a time. */
const RESTORE_WITHIN_MS = 5_000;
/** What someone does who is no longer waiting for it. */
const TAKES_OVER = ['wheel', 'touchstart', 'pointerdown', 'keydown'] as const;
let restoring: AbortController | undefined;

/** Notes the scroll position in each history entry, and restores it on "back", once the view is tall enough. */
export function keepScrollPosition(): void {
  history.scrollRestoration = 'manual';
  let timer: ReturnType<typeof setTimeout> | undefined;
  addEventListener('scroll', () => {
    clearTimeout(timer);
    timer = setTimeout(() => history.replaceState({ ...history.state, scrollY }, ''), SCROLL_SETTLES_MS);
  });
  addEventListener('popstate', () => {
    clearTimeout(timer);
    restore((history.state as { scrollY?: number } | null)?.scrollY ?? 0);
  });
}

function restore(top: number): void {
  restoring?.abort();
  const stop = new AbortController();
  restoring = stop;
  const { signal } = stop;
  for (const event of TAKES_OVER) {
    addEventListener(event, () => stop.abort(), { signal, capture: true, passive: true });
  }
  const until = performance.now() + RESTORE_WITHIN_MS;
  const attempt = () => {
    if (signal.aborted) return;
    scrollTo(0, top);
    if (Math.abs(scrollY - top) > 1 && performance.now() < until) requestAnimationFrame(attempt);
    else stop.abort();
  };
  requestAnimationFrame(attempt);
}
