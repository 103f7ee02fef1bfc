/** The search: the way in while there is no query, the query and its results when there is one. */

import type { SearchRoute } from '../../route/route.ts';
import { Home } from './home.tsx';
import { Results } from './results.tsx';

export function SearchView({ route }: { route: SearchRoute }) {
  return route.query ? <Results route={route} query={route.query} /> : <Home />;
}
