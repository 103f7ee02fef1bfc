/** Makes the search that the address asks for. */

import type { SearchAnswer } from '../../../client/index.ts';
import { useConnection } from '../../api/connection.tsx';
import { type Answer, useRequest } from '../../api/use-request.ts';
import { prepare } from '../../query/prepare.ts';
import type { QueryPicture } from '../../query/use-query-picture.ts';
import { formatRoute, type SearchRoute } from '../../route/route.ts';

/**
 * Results of the route's query, best first. The least score is not part of the question: it cuts the end off an
 * ordered list, which the view does without asking again.
 */
export function useSearch(route: SearchRoute, picture: QueryPicture): Answer<SearchAnswer> {
  const { client } = useConnection();
  const { query, crop, k, prefix, metadata } = route;
  const ready = query && ('key' in query || picture.blob);
  const question = ready ? formatRoute({ ...route, minScore: 0 }) : undefined;

  return useRequest(question, async (signal) => {
    const options = { ...(prefix && { prefix }), filter: metadata, signal };
    if (query && 'key' in query) {
      return crop
        ? client.search({ key: query.key }, { ...options, k, crop })
        : client.similar(query.key, { ...options, k });
    }
    const image = await prepare(picture.blob!);
    return client.search({ image }, { ...options, k, ...(crop && { crop }) });
  });
}
