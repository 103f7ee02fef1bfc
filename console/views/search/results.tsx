/** A search: the picture and the filters at the side, what looks like it beside them. */

import './results.css';
import { useEffect } from 'preact/hooks';
import type { SearchAnswer } from '../../../client/index.ts';
import type { Answer } from '../../api/use-request.ts';
import { announce } from '../../parts/announcer.tsx';
import { Button, FilePicker } from '../../parts/button.tsx';
import { Empty } from '../../parts/empty.tsx';
import { count, duration, fileName, plural } from '../../parts/format.ts';
import { Notice } from '../../parts/notice.tsx';
import { ResultTile } from '../../parts/tile.tsx';
import { TroubleNotice } from '../../parts/trouble-notice.tsx';
import { Waiting } from '../../parts/waiting.tsx';
import { searchByFile } from '../../query/search-by-file.ts';
import { useQueryPicture } from '../../query/use-query-picture.ts';
import { navigate } from '../../route/navigation.ts';
import { formatRoute, HOME, type Query, type SearchRoute } from '../../route/route.ts';
import { Filters } from './filters.tsx';
import { QueryPanel } from './query-panel.tsx';
import { useSearch } from './use-search.ts';

export function Results({ route, query }: { route: SearchRoute; query: Query }) {
  const picture = useQueryPicture(query);
  const answer = useSearch(route, picture);
  if (picture.lost) return <Lost />;
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

function NothingFound({ route, hidden }: { route: SearchRoute; hidden: number }) {
  const filtered = route.prefix !== '' || Object.keys(route.metadata).length > 0;
  const wider = { ...route, minScore: 0, prefix: '', metadata: {} };
  return (
    <Empty
      icon="search"
      title="Nothing is like it"
      actions={
        (filtered || hidden > 0) && (
          <Button onClick={() => navigate(wider, { replace: true })}>Search without filters</Button>
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

/** A picture from someone's disk is only in their browser; a link to it leads here. */
function Lost() {
  return (
    <>
      <h1 class="visually-hidden" tabIndex={-1}>
        Search
      </h1>
      <Empty
        icon="picture"
        title="This picture is in another browser"
        actions={
          <>
            <FilePicker look="primary" icon="search" onPick={([file]) => file && searchByFile(file)}>
              Choose a picture
            </FilePicker>
            <Button onClick={() => navigate(HOME)}>Start again</Button>
          </>
        }
      >
        A picture that is searched by without being in the library never leaves the browser it was chosen in.
        To share such a search, add the picture to the library first.
      </Empty>
    </>
  );
}

const timeOf = ({ took }: SearchAnswer): string =>
  `in ${duration(took.embedMs + took.refreshMs + took.scanMs)}`;
