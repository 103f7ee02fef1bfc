/** A search: the picture and the filters at the side, what looks like it beside them. */

import './results.css';
import { useEffect } from 'preact/hooks';
import type { SearchAnswer } from '../../../client/index.ts';
import type { Answer } from '../../api/use-request.ts';
import { announce } from '../../parts/announcer.tsx';
import { count, duration, fileName, plural } from '../../parts/format.ts';
import { Notice } from '../../parts/notice.tsx';
import { ResultTile } from '../../parts/tile.tsx';
import { TroubleNotice } from '../../parts/trouble-notice.tsx';
import { Waiting } from '../../parts/waiting.tsx';
import { useQueryPicture } from '../../query/use-query-picture.ts';
import { formatRoute, type Query, type SearchRoute } from '../../route/route.ts';
import { Filters } from './filters.tsx';
import { LostQuery } from './lost-query.tsx';
import { NothingFound } from './nothing-found.tsx';
import { QueryPanel } from './query-panel.tsx';
import { useSearch } from './use-search.ts';

export function Results({ route, query }: { route: SearchRoute; query: Query }) {
  const picture = useQueryPicture(query);
  const answer = useSearch(route, picture);
  if (picture.lost) return <LostQuery />;
  return (
    <div class="results">
      <div class="results-side">
        <QueryPanel route={route} picture={picture} />
        <Filters route={route} results={answer.value?.results ?? []} />
      </div>
      <Found route={route} query={query} answer={answer} />
    </div>
  );
}

interface FoundProps {
  readonly route: SearchRoute;
  readonly query: Query;
  readonly answer: Answer<SearchAnswer>;
}

function Found({ route, query, answer: { value, trouble, loading, slow, retry } }: FoundProps) {
  const results = value?.results.filter(({ score }) => score >= route.minScore) ?? [];
  const hidden = (value?.results.length ?? 0) - results.length;
  const summary = value && `${plural(results.length, 'result')} of ${count(value.searched)} pictures`;
  const name = 'key' in query ? fileName(query.key) : 'your picture';

  useEffect(() => {
    if (summary && !loading) announce(summary);
  }, [summary, loading]);

  return (
    <section aria-labelledby="results-title" aria-busy={loading}>
      <div class="results-head">
        <h1 id="results-title" tabIndex={-1}>
          {route.crop ? `Like this part of ${name}` : `Like ${name}`}
        </h1>
        <p class="figures">{value ? `${summary}, ${timeOf(value)}` : ' '}</p>
      </div>
      <div class="results-notices">
        {trouble && <TroubleNotice trouble={trouble} retry={retry} />}
        {value && value.pending > 0 && (
          <Notice>
            Many uploads have just arrived. {plural(value.pending, 'batch', 'batches')} of them could not be
            searched yet.
          </Notice>
        )}
      </div>
      {!value && !trouble && <Waiting slow={slow} />}
      {value && slow && loading && <Waiting slow />}
      <ul class={`tiles ${loading ? 'results-stale' : ''}`} aria-label="Results">
        {results.map((result) => (
          <li key={result.key}>
            <ResultTile
              picture={result}
              score={result.score}
              href={formatRoute({ ...route, crop: undefined, query: { key: result.key } })}
            />
          </li>
        ))}
      </ul>
      {hidden > 0 && results.length > 0 && (
        <p class="quiet" style={{ marginTop: '24px' }}>
          {plural(hidden, 'result scores', 'results score')} less than {route.minScore.toFixed(2)}.
        </p>
      )}
      {value && results.length === 0 && !loading && <NothingFound route={route} hidden={hidden} />}
    </section>
  );
}

const timeOf = ({ took }: SearchAnswer): string =>
  `in ${duration(took.embedMs + took.refreshMs + took.scanMs)}`;
