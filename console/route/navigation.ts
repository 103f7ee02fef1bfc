/** Moves between views through the browser's history, and puts the scroll position back where it was. */

import { useEffect, useState } from 'preact/hooks';
import { formatRoute, parseRoute, type Route } from './route.ts';

/** Told after each change of the address, whoever made it. */
const listeners = new Set<() => void>();

/** Goes to a view. `replace` is for what is adjusted on the way (a slider), which "back" should not repeat. */
export function navigate(route: Route, { replace = false }: { replace?: boolean } = {}): void {
  const hash = formatRoute(route);
  if (hash === location.hash) return;
  if (replace) history.replaceState(history.state, '', hash);
  else history.pushState(null, '', hash);
  for (const listener of listeners) listener();
}

/** The view that the address bar asks for. */
export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const read = () => setHash(location.hash);
    listeners.add(read);
    window.addEventListener('popstate', read);
    return () => {
      listeners.delete(read);
      window.removeEventListener('popstate', read);
    };
  }, []);
  return parseRoute(hash);
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
  const moved = () => {
    clearTimeout(timer);
    restore((history.state as { scrollY?: number } | null)?.scrollY ?? 0);
  };
  addEventListener('popstate', moved);
  listeners.add(() => {
    if (history.state === null) restore(0);
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
