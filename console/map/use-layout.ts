/** The places of the library's pictures on a map, as they are worked out beside the page. */

import { useEffect, useState } from 'preact/hooks';
import type { LibraryMap } from '../../client/index.ts';
import type { LaidOut } from './worker.ts';

/** The map of this visit, so that "back" does not lay it out anew. */
let kept: { of: LibraryMap; laidOut: LaidOut } | undefined;

export function useLayout(map: LibraryMap | undefined): LaidOut | undefined {
  const [laidOut, setLaidOut] = useState<LaidOut | undefined>(kept?.of === map ? kept?.laidOut : undefined);
  useEffect(() => {
    if (!map || kept?.of === map) return;
    const data = Int8Array.from(atob(map.vectors), (char) => char.charCodeAt(0));
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data: next }: MessageEvent<LaidOut>) => {
      setLaidOut(next);
      if (next.done === 1) kept = { of: map, laidOut: next };
    };
    worker.postMessage({ data, dims: map.dims, count: map.items.length });
    return () => worker.terminate();
  }, [map]);
  return laidOut;
}
