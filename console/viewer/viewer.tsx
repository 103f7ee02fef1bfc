/** A picture as large as the window, above any view: next and previous, zoom, facts, and what can be done with it. */

import './viewer.css';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useConnection } from '../api/connection.tsx';
import { useRequest } from '../api/use-request.ts';
import { useAllows } from '../api/use-stats.tsx';
import { currentSequence, focusTile, onSequence, placeOf, type ShownPicture } from '../library/sequence.ts';
import { Button, LinkButton } from '../parts/button.tsx';
import { copyText } from '../parts/copy.ts';
import { count, fileName } from '../parts/format.ts';
import { pictureHref, searchHref } from '../parts/tile.tsx';
import { closeOver, currentRoute, navigate } from '../route/navigation.ts';
import { deselect, toggle, useSelection } from '../selection/selection.ts';
import { previewUrl } from '../thumbnails/preview.ts';
import { DeletePictures } from '../views/picture/delete-pictures.tsx';
import { Facts } from './facts.tsx';
import { LocalActions } from './local-actions.tsx';
import { type Look, WHOLE } from './zoom.ts';
import { ZoomButtons, zoomKeys } from './zoom-buttons.tsx';
import { Zoomable } from './zoomable.tsx';

const FACTS = 'likeness.facts';
/** Pictures after this one whose previews are fetched ahead. */
const AHEAD = 2;
/** Pictures before the end of what is loaded at which more is asked for. */
const NEAR_END = 20;
export function Viewer({ pictureKey }: { pictureKey: string }) {
  const { config } = useConnection();
  const { deletes } = useAllows();
  const dialog = useRef<HTMLDialogElement>(null);
  const { picture, at, total } = useShown(pictureKey);
  const [look, setLook] = useState<Look>(WHOLE);
  const [seen, setSeen] = useState<readonly [number, number]>();
  const [facts, setFacts] = useState(() => localStorage.getItem(FACTS) === 'shown');
  const [deleting, setDeleting] = useState(false);
  const ticked = useSelection().has(pictureKey);
  const shownKey = useRef(pictureKey);
  shownKey.current = pictureKey;

  // Before the paint: who sees it may press a key.
  useLayoutEffect(() => {
    dialog.current?.showModal();
    dialog.current?.focus();
    // The view below is there before this effect ends; its tile takes the focus once the dialog is gone.
    return () => void requestAnimationFrame(() => requestAnimationFrame(() => focusTile(shownKey.current)));
  }, []);
  useEffect(() => {
    setLook(WHOLE);
    setSeen(undefined);
    const { items, want } = currentSequence();
    if (at >= 0 && at + NEAR_END > items.length) want?.(at + NEAR_END * 2);
    for (const next of items.slice(at + 1, at + 1 + AHEAD)) {
      const address = at >= 0 && next && previewUrl(config, next, 1280);
      if (address) new Image().src = address;
    }
  }, [pictureKey]);

  const go = (step: number) => {
    const next = at < 0 ? undefined : currentSequence().items[at + step];
    if (next) navigate({ ...currentRoute(), show: next.key }, 'in-place');
  };
  const toggleFacts = () => {
    localStorage.setItem(FACTS, facts ? 'hidden' : 'shown');
    setFacts(!facts);
  };
  const remove = () => setDeleting(deletes);
  const search = () => {
    location.hash = searchHref(pictureKey);
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (deleting || event.ctrlKey || event.metaKey || event.altKey) return;
    const keys: Record<string, (() => void) | undefined> = {
      ArrowLeft: () => go(-1),
      ArrowRight: () => go(1),
      ...zoomKeys({ look, onLook: setLook }),
      i: toggleFacts,
      s: search,
      x: () => picture && toggle(picture),
      d: remove,
      Delete: remove,
    };
    const run = keys[event.key];
    if (!run) return;
    event.preventDefault();
    run();
  };

  const next = at < 0 ? undefined : currentSequence().items[at + 1];
  const deleted = () => {
    setDeleting(false);
    deselect([pictureKey]);
    if (next) navigate({ ...currentRoute(), show: next.key }, 'in-place');
    else closeOver();
  };

  return (
    <dialog
      ref={dialog}
      class="viewer"
      tabIndex={-1}
      aria-label={`Picture ${pictureKey}`}
      data-facts={facts ? '' : undefined}
      onKeyDown={onKeyDown}
      onCancel={(event) => {
        event.preventDefault();
        if (look.scale > 1) setLook(WHOLE);
        else closeOver();
      }}
      onClose={closeOver}
    >
      <div class="viewer-bar">
        <div class="viewer-name">
          <strong>{fileName(pictureKey)}</strong>
          {at >= 0 && total > 1 && (
            <span class="figures">
              {count(at + 1)} of {count(total)}
            </span>
          )}
        </div>
        <div class="viewer-tools">
          <ZoomButtons look={look} onLook={setLook} />
          <LinkButton
            look="plain"
            icon="search"
            title="Search by it (S)"
            aria-label="Search by it"
            href={searchHref(pictureKey)}
          />
          <Button
            look="plain"
            icon="check"
            title="Select (X)"
            aria-label="Select"
            aria-pressed={ticked}
            onClick={() => picture && toggle(picture)}
          />
          <Button
            look="plain"
            icon="info"
            title="Facts (I)"
            aria-label="Facts"
            aria-pressed={facts}
            onClick={toggleFacts}
          />
          {deletes && (
            <Button
              look="plain"
              icon="trash"
              title="Delete (D)"
              aria-label="Delete"
              onClick={() => setDeleting(true)}
            />
          )}
          <Button look="plain" icon="close" title="Close (Escape)" aria-label="Close" onClick={closeOver} />
        </div>
      </div>
      <div class="viewer-stage">
        {picture && (
          <Zoomable
            picture={picture}
            look={look}
            onLook={setLook}
            onSize={(width, height) => setSeen([width, height])}
          />
        )}
        {at > 0 && (
          <Button
            class="button viewer-step"
            data-side="left"
            icon="chevron"
            aria-label="Previous picture"
            onClick={() => go(-1)}
          />
        )}
        {next && (
          <Button
            class="button viewer-step"
            data-side="right"
            icon="chevron"
            aria-label="Next picture"
            onClick={() => go(1)}
          />
        )}
      </div>
      {facts && picture && (
        <aside class="viewer-facts" aria-label="Facts">
          <h2>{fileName(pictureKey)}</h2>
          <Facts picture={picture} seen={seen} />
          <div class="viewer-actions">
            <LinkButton size="small" icon="external" href={picture.url} target="_blank" rel="noreferrer">
              Original
            </LinkButton>
            <Button
              size="small"
              icon="link"
              onClick={() => copyText(location.href, 'The address is copied.')}
            >
              Copy address
            </Button>
            <Button size="small" icon="key" onClick={() => copyText(pictureKey, 'The key is copied.')}>
              Copy key
            </Button>
            <LocalActions pictureKey={pictureKey} />
            <LinkButton size="small" icon="grid" href={pictureHref(pictureKey)}>
              What is like it
            </LinkButton>
          </div>
        </aside>
      )}
      {deleting && picture && (
        <DeletePictures pictures={[picture]} onCancel={() => setDeleting(false)} onDeleted={deleted} />
      )}
    </dialog>
  );
}

/** The picture of a key and its place in the list of the view, as the list grows; a link may lead to one of no list. */
function useShown(key: string): { picture: ShownPicture | undefined; at: number; total: number } {
  const { client } = useConnection();
  const [, setRevision] = useState(0);
  useEffect(() => onSequence(() => setRevision((now) => now + 1)), []);
  const { value } = useRequest(`image ${key}`, (signal) => client.image(key, { signal }));
  const { items, total = items.length } = currentSequence();
  const at = placeOf(key);
  const known = value?.state === 'indexed' ? value : undefined;
  return { picture: known ?? items[at], at, total };
}
