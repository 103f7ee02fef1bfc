/** Tells views that the library has changed: something was added or deleted, here or elsewhere. */

import { useEffect, useRef } from 'preact/hooks';

const listeners = new Set<() => void>();

/** Has every view that shows the library look again. */
export function libraryChanged(): void {
  for (const listener of listeners) listener();
}

/** Calls `refresh` after each change of the library while the component is shown. */
export function useLibraryChanges(refresh: () => void): void {
  const latest = useRef(refresh);
  latest.current = refresh;
  useEffect(() => {
    const listener = () => latest.current();
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }, []);
}
