/** A bar at the top of the page while pictures wait to be indexed, wherever they came from: how far, and how long still. */

import './indexing-note.css';
import { useStats } from '../api/use-stats.tsx';
import { formatRoute } from '../route/route.ts';
import { inWords, progressOf, useSteady } from '../status/progress.ts';

export function IndexingNote() {
  const progress = useSteady(progressOf(useStats().value));
  if (!progress) return null;
  return (
    <a class="indexing-note" href={formatRoute({ view: 'status' })} title="Pictures that wait to be indexed">
      <IndexingBar done={progress.done} total={progress.total} />
      {inWords(progress)}
    </a>
  );
}

/** The same bar in the header, under Status and beside what is not complete yet. */
export function IndexingBar({ done, total }: { done: number; total: number }) {
  return <progress class="indexing-bar" value={done} max={total} aria-label="Pictures indexed" />;
}

/** Said where a view shows less than there will be. */
export function StillIndexing() {
  const progress = useSteady(progressOf(useStats().value));
  if (!progress) return null;
  return (
    <p class="still-indexing figures" role="status">
      <IndexingBar done={progress.done} total={progress.total} />
      Still indexing: {inWords(progress)}. What is found grows with it.
    </p>
  );
}
