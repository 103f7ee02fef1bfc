/** A word at the top of the page while pictures wait to be indexed, wherever they came from. */

import './indexing-note.css';
import { useStats } from '../api/use-stats.tsx';
import { count } from '../parts/format.ts';
import { formatRoute } from '../route/route.ts';

export function IndexingNote() {
  const waiting = useStats().value?.queue?.waiting ?? 0;
  if (waiting === 0) return null;
  return (
    <a class="indexing-note" href={formatRoute({ view: 'status' })}>
      {count(waiting)} to index
    </a>
  );
}
