/** How much of the index the server has in memory, while it is being loaded: after a cold start with many pictures. */

import { useEffect, useState } from 'preact/hooks';
import type { LoadingProgress } from '../../client/index.ts';

/** Longer than the server asks a client to wait; without news for so long, it is loaded, or nobody asks any more. */
const NEWS_LAST_MS = 10_000;

let progress: LoadingProgress | undefined;
let forget: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

function tell(next: LoadingProgress | undefined): void {
  progress = next;
  for (const listener of listeners) listener();
}

/** Takes the news of a request that found the index still being loaded. */
export function indexLoading(news: LoadingProgress): void {
  clearTimeout(forget);
  forget = setTimeout(() => tell(undefined), NEWS_LAST_MS);
  tell(news);
}

/** How far the loading is, 0 to 1; `undefined` when nothing is known to be loaded. */
export function useIndexLoading(): number | undefined {
  const [, look] = useState(0);
  useEffect(() => {
    const listener = () => look((now) => now + 1);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }, []);
  return progress && progress.totalBytes > 0 ? progress.doneBytes / progress.totalBytes : undefined;
}
