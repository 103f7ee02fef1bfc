/** Makes the search that the address asks for. */

import type { SearchAnswer } from '../../../client/index.ts';
import { useConnection } from '../../api/connection.tsx';
import { type Answer, useRequest } from '../../api/use-request.ts';
import { prepare } from '../../query/prepare.ts';
import type { QueryPicture } from '../../query/use-query-picture.ts';
import { formatRoute, type SearchRoute } from '../../route/route.ts';
import { fetchOriginal } from '../../thumbnails/browser-thumbnails.ts';

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
      if (!crop) return client.similar(query.key, { ...options, k });
      // A part of an indexed picture has no embedding yet: its bytes are asked with. The whole picture would come
      // first, and says nothing.
      const found = await client.image(query.key, { signal });
      const url = 'url' in found ? found.url : '';
      const image = await prepare(await fetchOriginal(client, { key: query.key, url }, signal));
      const answer = await client.search({ image }, { ...options, k: k + 1, crop });
      const others = answer.results.filter(({ key }) => key !== query.key).slice(0, k);
      return { ...answer, results: others };
    }
    const image = await prepare(picture.blob!);
    return client.search({ image }, { ...options, k, ...(crop && { crop }) });
  });
}
