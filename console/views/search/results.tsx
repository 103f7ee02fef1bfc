/** A search: the picture and the filters at the side, what looks like it beside them. */

import './results.css';
import { Fragment } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Result, SearchAnswer } from '../../../client/index.ts';
import { useSequence } from '../../library/sequence.ts';
import { announce } from '../../parts/announcer.tsx';
import { Button } from '../../parts/button.tsx';
import { count, duration, fileName, score as formatScore, plural } from '../../parts/format.ts';
import { Notice } from '../../parts/notice.tsx';
import { ScoreCaption } from '../../parts/score-caption.tsx';
import { searchHref, Tile } from '../../parts/tile.tsx';
import { TroubleNotice } from '../../parts/trouble-notice.tsx';
import { Waiting } from '../../parts/waiting.tsx';
import { useQueryPicture } from '../../query/use-query-picture.ts';
import { navigate } from '../../route/navigation.ts';
import type { Query, SearchRoute } from '../../route/route.ts';
import { Filters } from './filters.tsx';
import { LostQuery } from './lost-query.tsx';
import { NothingFound } from './nothing-found.tsx';
import { QueryPanel } from './query-panel.tsx';
import { dropAfter, stacked } from './stacks.ts';
import { type Search, useSearch } from './use-search.ts';

export function Results({ route, query }: { route: SearchRoute; query: Query }) {
  const picture = useQueryPicture(query);
  const answer = useSearch(route, picture);
  if (picture.lost) return <LostQuery />;
  return (
    <div class="results">
      <div class="results-side">
        <QueryPanel route={route} picture={picture} refused={answer.trouble !== undefined} />
        <Filters route={route} answer={answer.value} />
      </div>
      <Found route={route} query={query} search={answer} />
    </div>
  );
}

interface FoundProps {
  readonly route: SearchRoute;
  readonly query: Query;
  readonly search: Search;
}

function Found({ route, query, search: { value, trouble, loading, slow, retry, more } }: FoundProps) {
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const results = value?.results.filter(({ score }) => score >= route.minScore) ?? [];
  const hidden = (value?.results.length ?? 0) - results.length;
  const summary = value && `${plural(results.length, 'result')} of ${count(value.searched)} pictures`;
  const name = 'key' in query ? fileName(query.key) : 'your picture';
  const stacks = stacked(results);
  const drop = dropAfter(stacks.map(({ top }) => top.score));
  const shown = stacks.flatMap(({ top, under }) => (opened.has(top.key) ? [top, ...under] : [top]));
  // Only what is beyond the least score could come: then there is nothing to ask for.
  const end = useInView(hidden === 0 ? more : undefined);
  useSequence({ items: shown });

  useEffect(() => {
    if (summary && !loading) announce(summary);
  }, [summary, loading]);

  const open = (key: string) =>
    setOpened((now) => new Set(now.has(key) ? [...now].filter((each) => each !== key) : [...now, key]));

  return (
    <section aria-labelledby="results-title" aria-busy={loading}>
      <div class="results-head">
        <h1 id="results-title" tabIndex={-1}>
          {route.crop ? `Like this part of ${name}` : `Like ${name}`}
          {route.also.length > 0 && ` and ${plural(route.also.length, 'other')}`}
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
      <ul class={`tiles ${loading && shown.length === 0 ? 'results-stale' : ''}`} aria-label="Results">
        {stacks.map(({ top, under }, at) => (
          <Fragment key={top.key}>
            {drop !== undefined && at === drop && (
              <li class="results-drop">
                <span>Less alike from here: {formatScore(top.score)} and below</span>
              </li>
            )}
            <li>
              <ResultTile route={route} result={top}>
                {under.length > 0 && (
                  <button
                    type="button"
                    class="tile-stack"
                    aria-expanded={opened.has(top.key)}
                    aria-label={`${plural(under.length, 'near-copy', 'near-copies')} of ${top.key}`}
                    onClick={() => open(top.key)}
                  >
                    +{under.length}
                  </button>
                )}
              </ResultTile>
            </li>
            {opened.has(top.key) &&
              under.map((result) => (
                <li key={result.key} class="results-under">
                  <ResultTile route={route} result={result} />
                </li>
              ))}
          </Fragment>
        ))}
      </ul>
      <div ref={end} class="results-end">
        {hidden > 0 && results.length > 0 && (
          <p class="quiet">
            {plural(hidden, 'result scores', 'results score')} less than {route.minScore.toFixed(2)}.
          </p>
        )}
        {loading && value && <Waiting slow={slow} />}
      </div>
      {value && results.length === 0 && !loading && <NothingFound route={route} hidden={hidden} />}
    </section>
  );
}

interface ResultTileProps {
  readonly route: SearchRoute;
  readonly result: Result;
  readonly children?: preact.ComponentChildren;
}

/** Pictures that a search can go by beside its first. */
const MAX_ALSO = 7;

/** A result: a click shows it large; its buttons search by it, or by it as well. */
function ResultTile({ route, result, children }: ResultTileProps) {
  const { key, score } = result;
  const add = (away: boolean) => {
    const others = route.also.filter((each) => each.key !== key);
    navigate({ ...route, also: [...others, { key, away }].slice(-MAX_ALSO) });
  };
  return (
    <Tile
      picture={result}
      detail={`score ${formatScore(score)}`}
      actions={
        <>
          <Button
            size="small"
            icon="plus"
            title="More like this"
            aria-label={`More like ${key}`}
            onClick={() => add(false)}
          />
          <Button
            size="small"
            icon="minus"
            title="Less like this"
            aria-label={`Less like ${key}`}
            onClick={() => add(true)}
          />
          <Button
            size="small"
            icon="search"
            title="Search by it"
            aria-label={`Search by ${key}`}
            onClick={() => {
              location.hash = searchHref(key);
            }}
          />
          {children}
        </>
      }
      caption={<ScoreCaption picture={result} score={score} />}
    />
  );
}

/** Calls `arrive` when the element comes near the view. */
function useInView(arrive: (() => void) | undefined) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!arrive || !element.current) return;
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && arrive(), {
      rootMargin: '600px',
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  });
  return element;
}

const timeOf = ({ took }: SearchAnswer): string =>
  `in ${duration(took.embedMs + took.refreshMs + took.scanMs)}`;
