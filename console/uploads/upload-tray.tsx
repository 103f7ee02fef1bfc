/** How the uploads do: all together, each that is under way, and each that was not taken, with the reason. */

import './upload-tray.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import { announce } from '../parts/announcer.tsx';
import { Button, LinkButton } from '../parts/button.tsx';
import { folderOf, plural } from '../parts/format.ts';
import { formatRoute, libraryOf } from '../route/route.ts';
import { type Summary, summarise } from './summary.ts';
import type { Upload, UploadState } from './upload-queue.ts';
import { useUploads } from './uploads-context.tsx';

/** Lines that are shown; a folder of ten thousand files does not become as many elements. */
const MAX_LINES = 60;

const TROUBLED = new Set<UploadState['step']>(['failed', 'refused', 'exists']);
const UNDERWAY = new Set<UploadState['step']>(['sending', 'indexing']);

export function UploadTray() {
  const { queue, uploads } = useUploads();
  const [open, setOpen] = useState(true);
  const summary = summarise(uploads);
  useEndAnnounced(summary);
  useWarningBeforeLeaving(summary.steps.waiting + summary.steps.sending > 0);
  if (summary.total === 0) return null;

  const lines = [
    ...uploads.filter(({ state }) => TROUBLED.has(state.step)),
    ...uploads.filter(({ state }) => UNDERWAY.has(state.step)),
  ];
  return (
    <section class="tray" aria-label="Uploads">
      <div class="tray-head">
        <h2>{headline(summary)}</h2>
        <Button look="plain" size="small" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? 'Less' : 'More'}
        </Button>
        {summary.underway === 0 && (
          <Button
            look="plain"
            size="small"
            icon="close"
            aria-label="Close the list of uploads"
            onClick={() => queue.clear()}
          />
        )}
      </div>
      <div class="tray-body">
        {summary.progress > 0 || summary.underway > 0 ? (
          <progress value={summary.progress} max={1} aria-label="All uploads" />
        ) : null}
        {open && (
          <>
            <p class="small quiet figures" style={{ marginTop: '8px' }}>
              {tally(summary)}
            </p>
            {summary.total > summary.underway + summary.steps.refused + summary.steps.cancelled ||
            summary.underway > 0 ? (
              <div class="tray-actions">
                {summary.underway === 0 && summary.steps.done > 0 && (
                  <LinkButton size="small" look="primary" href={formatRoute(libraryOf(folderOfAll(uploads)))}>
                    Show them
                  </LinkButton>
                )}
                {summary.steps.waiting + summary.steps.sending > 0 && (
                  <Button size="small" icon="close" onClick={() => queue.cancel()}>
                    Cancel
                  </Button>
                )}
                {summary.steps.failed > 0 && (
                  <Button size="small" icon="retry" onClick={() => queue.retry()}>
                    Try {plural(summary.steps.failed, 'file')} again
                  </Button>
                )}
                {summary.steps.exists > 1 && (
                  <Button size="small" onClick={() => queue.replace()}>
                    Replace all {summary.steps.exists}
                  </Button>
                )}
              </div>
            ) : null}
            {lines.length > 0 && (
              // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
              <ul class="tray-list" tabIndex={0} aria-label="Files under way or not taken">
                {lines.slice(0, MAX_LINES).map((upload) => (
                  <Line key={upload.id} upload={upload} />
                ))}
                {lines.length > MAX_LINES && <li class="quiet">and {lines.length - MAX_LINES} more</li>}
              </ul>
            )}
          </>
        )}
      </div>
    </section>
  );
}

function Line({ upload: { id, key, file, state } }: { upload: Upload }) {
  const { queue } = useUploads();
  return (
    <li data-step={state.step}>
      <span class="tray-file" title={key}>
        {key}
      </span>
      {state.step === 'sending' && (
        <>
          <span class="quiet figures">{file.size > 0 ? Math.floor((state.sent / file.size) * 100) : 0}%</span>
          <Button
            look="plain"
            size="small"
            icon="close"
            aria-label={`Stop ${key}`}
            onClick={() => queue.cancel(id)}
          />
          <progress value={state.sent} max={file.size} aria-label={key} />
        </>
      )}
      {state.step === 'indexing' && <span class="quiet">indexing</span>}
      {state.step === 'failed' && (
        <Button size="small" icon="retry" aria-label={`Try ${key} again`} onClick={() => queue.retry(id)} />
      )}
      {state.step === 'exists' && (
        <Button size="small" aria-label={`Replace ${key}`} onClick={() => queue.replace(id)}>
          Replace
        </Button>
      )}
      {(state.step === 'failed' || state.step === 'refused') && (
        <span class="tray-reason">{state.reason}</span>
      )}
      {state.step === 'exists' && <span class="tray-reason">A picture of this name is in the library.</span>}
    </li>
  );
}

/** The folder that holds all that were added. */
function folderOfAll(uploads: readonly Upload[]): string {
  const [first, ...others] = uploads
    .filter(({ state }) => state.step === 'done')
    .map(({ key }) => folderOf(key));
  let common = first ?? '';
  for (const folder of others) {
    while (!folder.startsWith(common)) common = folderOf(common.slice(0, -1));
  }
  return common;
}

function headline({ underway, total, steps }: Summary): string {
  if (underway > 0) return `Adding ${plural(total, 'picture')}`;
  const notTaken = steps.failed + steps.refused + steps.exists + steps.cancelled;
  if (notTaken === 0) return `${plural(steps.done, 'picture')} added`;
  return steps.done > 0
    ? `${plural(steps.done, 'picture')} added, ${notTaken} not`
    : `${plural(notTaken, 'file')} not added`;
}

function tally({ steps, total }: Summary): string {
  const parts = [`${steps.done} of ${total} searchable`];
  if (steps.indexing > 0) parts.push(`${steps.indexing} being indexed`);
  if (steps.exists > 0) parts.push(`${steps.exists} there already`);
  if (steps.refused > 0) parts.push(`${steps.refused} refused`);
  if (steps.failed > 0) parts.push(`${steps.failed} failed`);
  if (steps.cancelled > 0) parts.push(`${steps.cancelled} stopped`);
  return parts.join(' · ');
}

function useEndAnnounced(summary: Summary): void {
  const busy = useRef(false);
  useEffect(() => {
    if (busy.current && summary.underway === 0 && summary.total > 0) announce(headline(summary));
    busy.current = summary.underway > 0;
  });
}

function useWarningBeforeLeaving(active: boolean): void {
  useEffect(() => {
    if (!active) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', warn);
    return () => removeEventListener('beforeunload', warn);
  }, [active]);
}
