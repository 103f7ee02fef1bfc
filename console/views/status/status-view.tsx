/** How the library is: how many pictures, how fresh, what waits, what was rejected, which model, which server. */

import './status-view.css';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Stats } from '../../../client/index.ts';
import { useConnection } from '../../api/connection.tsx';
import { beginSignIn, signOut } from '../../api/sign-in.ts';
import { useRequest } from '../../api/use-request.ts';
import { useStats } from '../../api/use-stats.tsx';
import { Button } from '../../parts/button.tsx';
import { ago, bytes, count, plural } from '../../parts/format.ts';
import { Notice } from '../../parts/notice.tsx';
import { TroubleNotice } from '../../parts/trouble-notice.tsx';
import { Waiting } from '../../parts/waiting.tsx';
import { StillIndexing } from '../../shell/indexing-note.tsx';
import { progressOf } from '../../status/progress.ts';
import { AccessForm } from './access-form.tsx';
import { RejectedPictures } from './rejected-pictures.tsx';
import { Trash } from './trash.tsx';

export function StatusView() {
  const { value, trouble, slow, retry } = useStats();
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>Status</h1>
      </div>
      {trouble && (
        <div style={{ marginBottom: '16px' }}>
          <TroubleNotice trouble={trouble} retry={retry} />
        </div>
      )}
      {!value && !trouble && <Waiting slow={slow} />}
      <Health />
      <StillIndexing />
      {value && <Figures stats={value} />}
      <div class="status-grid">
        {value && <Model stats={value} />}
        {value && <Index stats={value} />}
        {value && <RejectedPictures complete={(value.queue?.waiting ?? 0) === 0} />}
        {value && <Trash />}
        <Server />
      </div>
    </>
  );
}

/** What keeps the server from all it should do, and what to do about it. */
function Health() {
  const { client } = useConnection();
  const { value, retry } = useRequest('health', (signal) => client.health({ signal }));
  const { value: stats } = useStats();
  // Looked at as often as the figures.
  useEffect(retry, [stats]);
  if (value?.status !== 'degraded') return null;
  return (
    <div class="status-health">
      {value.reasons?.map(({ code, message }) => (
        <Notice key={code} tone="warning">
          {message}
        </Notice>
      ))}
    </div>
  );
}

/** A server that makes thumbnails serves this page itself, and lets it talk to nobody else. */
function Server() {
  const { endpoint, hasToken, config } = useConnection();
  const { signIn } = config;
  if (config.thumbnails) return null;
  return (
    <section class="card status-wide">
      <h2>Server</h2>
      <p class="quiet small">
        This page talks to <code>{endpoint}</code> {hasToken ? 'with a token.' : 'without a token.'}
      </p>
      {signIn ? (
        <div class="group-actions">
          <Button onClick={() => void beginSignIn(signIn)}>Sign in again</Button>
          <Button onClick={() => signOut(signIn)}>Sign out</Button>
        </div>
      ) : (
        <AccessForm />
      )}
    </section>
  );
}

function Figures({ stats }: { stats: Stats }) {
  const { pictures, log, queue, index } = stats;
  const progress = progressOf(stats);
  return (
    <div class="figures-row">
      <Figure label="Pictures" number={count(pictures)}>
        found by every search
      </Figure>
      {queue && (
        <Figure label="On their way" number={count(progress ? progress.total - progress.done : 0)}>
          {queue.failed > 0
            ? `${plural(queue.failed, 'event')} failed so far, tried again`
            : 'uploads and deletions to be indexed'}
        </Figure>
      )}
      <Figure label="Log" number={count(log.appends)}>
        {log.pending > 0
          ? `${plural(log.pending, 'append')} not searched yet: it has grown too long`
          : 'appends since the last compaction, searched too'}
      </Figure>
      <Figure label="Compacted" number={index.committedAt ? capital(ago(index.committedAt)) : 'Never'}>
        {index.committedAt ? `generation ${count(index.generation)}` : 'all pictures are in the log'}
      </Figure>
    </div>
  );
}

function Figure({ label, number, children }: { label: string; number: string; children: ComponentChildren }) {
  return (
    <div class="card">
      <h2 class="small quiet">{label}</h2>
      <p class="figure-number">{number}</p>
      <p class="quiet small">{children}</p>
    </div>
  );
}

function Model({ stats: { model } }: { stats: Stats }) {
  return (
    <section class="card">
      <h2>Model</h2>
      {model.synthetic && (
        <Notice tone="warning" title="Synthetic weights.">
          The network was filled with random numbers. It finds copies of a picture at the true speed and cost;
          what it calls alike otherwise means nothing.
        </Notice>
      )}
      <dl class="facts">
        <dt>Network</dt>
        <dd>ResNet50, 2,048 numbers a picture</dd>
        <dt>Weights</dt>
        <dd>{model.weights}</dd>
        <dt>Precision</dt>
        <dd>{model.precision}</dd>
        <dt>Id</dt>
        <dd>
          <code>{model.id}</code>
        </dd>
      </dl>
    </section>
  );
}

function Index({ stats: { index, memory, engine, recall, unreachable, backfill } }: { stats: Stats }) {
  return (
    <section class="card">
      <h2>Index</h2>
      <dl class="facts">
        <dt>Rows</dt>
        <dd>
          {count(index.rows)}
          {index.deadRows > 0 && `, ${count(index.deadRows)} of them replaced or deleted`}
        </dd>
        <dt>Searched in</dt>
        <dd>
          {engine === 'memory'
            ? 'memory, exactly'
            : `Amazon S3 Vectors, approximately${unreachable ? `; ${plural(unreachable, 'picture')} not there yet` : ''}`}
        </dd>
        {engine === 's3-vectors' && (
          <>
            <dt>Recall</dt>
            <dd>{recall ? inWordsOfRecall(recall) : 'not measured yet'}</dd>
          </>
        )}
        {backfill && (
          <>
            <dt>Backfill</dt>
            <dd>
              {backfill.state}, {count(backfill.compared)} of {plural(backfill.listed, 'object')} compared
              {backfill.failed > 0 && `, ${count(backfill.failed)} failed`}
            </dd>
          </>
        )}
        <dt>Memory</dt>
        <dd>
          {bytes(memory.bytes)} of {bytes(memory.budgetBytes)}
        </dd>
      </dl>
      <progress
        class="meter"
        value={memory.bytes}
        max={Math.max(memory.budgetBytes, 1)}
        aria-label="Memory that the index takes"
      />
    </section>
  );
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** How much of the truth was found, and how sure that is. */
const inWordsOfRecall = ({ k, value, low, high, at }: NonNullable<Stats['recall']>): string =>
  `${percent(value)} of the ${k} nearest (${percent(low)} to ${percent(high)}), measured ${ago(at)}`;
