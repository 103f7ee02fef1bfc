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

/** Goes to a view. `replace` is for what is adjusted on the way (a slider), which "back" should not repeat. */
export function navigate(route: Route, { replace = false }: { replace?: boolean } = {}): void {
  const next = formatRoute(route);
  if (next === hash) return;
  clearTimeout(settling);
  if (replace) {
    settling = setTimeout(() => history.replaceState(history.state, '', next), ADDRESS_SETTLES_MS);
  } else {
    if (hash !== location.hash) history.replaceState(history.state, '', hash);
    history.pushState(null, '', next);
    restore(0);
  }
  arriveAt(next);
}

function arriveAt(next: string): void {
  hash = next;
  for (const listener of listeners) listener();
}

/** The view that is shown now. */
export const currentRoute = (): Route => parseRoute(hash);

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
/** How long a page may take to grow to its former height. */
const RESTORE_WITHIN_MS = 1_000;

/** Notes the scroll position in each history entry, and restores it on "back", once the view is tall enough. */
export function keepScrollPosition(): void {
  history.scrollRestoration = 'manual';
  let timer: ReturnType<typeof setTimeout> | undefined;
  addEventListener('scroll', () => {
    clearTimeout(timer);
    timer = setTimeout(() => history.replaceState({ scrollY }, ''), SCROLL_SETTLES_MS);
  });
  addEventListener('popstate', () => {
    clearTimeout(timer);
    restore((history.state as { scrollY?: number } | null)?.scrollY ?? 0);
  });
}

function restore(top: number): void {
  const until = performance.now() + RESTORE_WITHIN_MS;
  const attempt = () => {
    scrollTo(0, top);
    if (Math.abs(scrollY - top) > 1 && performance.now() < until) requestAnimationFrame(attempt);
  };
  requestAnimationFrame(attempt);
}
