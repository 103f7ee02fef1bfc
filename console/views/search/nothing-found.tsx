/** A search without a result: what kept them away, and the way out. */

import { Button } from '../../parts/button.tsx';
import { Empty } from '../../parts/empty.tsx';
import { plural } from '../../parts/format.ts';
import { navigate } from '../../route/navigation.ts';
import { isNarrowed, type SearchRoute, withoutFilters } from '../../route/route.ts';

interface NothingFoundProps {
  readonly route: SearchRoute;
  /** Results that score less than the least score. */
  readonly hidden: number;
}

export function NothingFound({ route, hidden }: NothingFoundProps) {
  const filtered = isNarrowed(route);
  return (
    <Empty
      icon="search"
      title="Nothing is like it"
      actions={
        (filtered || hidden > 0) && (
          <Button onClick={() => navigate(withoutFilters(route), 'in-place')}>Search without filters</Button>
        )
      }
    >
      {hidden > 0
        ? `${plural(hidden, 'picture scores', 'pictures score')} less than ${route.minScore.toFixed(2)}.`
        : filtered
          ? 'No other picture passes the filters.'
          : 'There is no other picture in the library.'}
    </Empty>
  );
}
