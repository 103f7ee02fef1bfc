/** Makes the search that the address asks for, with as many results as someone has scrolled to. */

import { useEffect, useRef, useState } from 'preact/hooks';
import type { SearchAnswer } from '../../../client/index.ts';
import { useConnection } from '../../api/connection.tsx';
import { type Answer, useRequest } from '../../api/use-request.ts';
import { prepare } from '../../query/prepare.ts';
import type { QueryPicture } from '../../query/use-query-picture.ts';
import { formatRoute, type SearchRoute } from '../../route/route.ts';

/** Results of the first answer, of the one when someone scrolls to its end, and the most there can be. */
const STEPS = [60, 240, 1_000] as const;
/** From this score on, two results are shown as one: resized or recompressed copies score higher. */
const STACK = 0.97;
/** How much a picture counts that results should not be like: as much as one they should be pushes the rest away. */
const AWAY = -0.5;
/** Pixels of each picture of several: together they must fit into one request. */
const SIDE_OF_SEVERAL = 768;

export interface Search extends Answer<SearchAnswer> {
  /** Whether a longer list can be asked for. */
  readonly more: (() => void) | undefined;
}

/**
 * Results of the route's query, best first. The least score is not part of the question: it cuts the end off an
 * ordered list, which the view does without asking again.
 */
export function useSearch(route: SearchRoute, picture: QueryPicture): Search {
  const { client } = useConnection();
  const { query, also, crop, prefix, metadata, taken, changed, centered } = route;
  const { show: _, ...asked } = route as SearchRoute & { show?: string };
  const base = formatRoute({ ...asked, minScore: 0 });
  const [step, setStep] = useState(0);
  const before = useRef<{ base: string; value: SearchAnswer }>();
  const k = STEPS[step]!;
  const ready = query && ('key' in query || picture.blob);
  useEffect(() => setStep(0), [base]);

  const answer = useRequest(ready ? `${base} ${k}` : undefined, async (signal) => {
    const options = {
      k,
      ...(prefix && { prefix }),
      filter: metadata,
      ranges: {
        ...((taken.from || taken.to) && { taken: { min: taken.from, max: taken.to } }),
        ...((changed.from || changed.to) && { lastModified: { min: changed.from, max: changed.to } }),
        ...between('width', route.minWidth, route.maxWidth),
        ...between('height', route.minHeight, route.maxHeight),
        ...between('size', route.minBytes, route.maxBytes),
      },
      ...(centered && { centered }),
      stack: STACK,
      // Asked for once: more results do not change it.
      ...(k === STEPS[0] && { histogram: true }),
      signal,
    };
    const part = crop && { crop };
    if (also.length > 0) {
      const first =
        query && 'key' in query
          ? { key: query.key }
          : { image: await prepare(picture.blob!, SIDE_OF_SEVERAL) };
      const others = also.map(({ key, away }) => ({ key, weight: away ? AWAY : 1 }));
      return client.search({ queries: [{ ...first, ...part }, ...others] }, options);
    }
    if (query && 'key' in query) {
      return crop
        ? client.search({ key: query.key }, { ...options, crop })
        : client.similar(query.key, options);
    }
    return client.search({ image: await prepare(picture.blob!) }, { ...options, ...part });
  });

  const known = before.current?.base === base ? before.current.value : undefined;
  const histogram = answer.value?.histogram ?? known?.histogram;
  const value = answer.value ? { ...answer.value, ...(histogram && { histogram }) } : known;
  useEffect(() => {
    if (value) before.current = { base, value };
  });
  const full = answer.value !== undefined && answer.value.results.length >= k && step < STEPS.length - 1;
  return { ...answer, value, more: full ? () => setStep(step + 1) : undefined };
}

/** A range of numbers, in which 0 is no bound. */
const between = (name: 'width' | 'height' | 'size', min: number, max: number) =>
  min + max > 0 && { [name]: { ...(min > 0 && { min }), ...(max > 0 && { max }) } };
