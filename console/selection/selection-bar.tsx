/** What can be done with the pictures that are ticked; and the keys that tick and untick them. */

import './selection-bar.css';
import { useEffect, useState } from 'preact/hooks';
import { useConnection } from '../api/connection.tsx';
import { useAllows } from '../api/use-stats.tsx';
import { Compare } from '../compare/compare.tsx';
import { currentSequence, focusBehind } from '../library/sequence.ts';
import { Button } from '../parts/button.tsx';
import { copyText } from '../parts/copy.ts';
import { bytes, plural } from '../parts/format.ts';
import { Menu } from '../parts/menu.tsx';
import { toast } from '../parts/toast.tsx';
import { navigate, routeBelow } from '../route/navigation.ts';
import { formatRoute, HOME } from '../route/route.ts';
import { DeletePictures } from '../views/picture/delete-pictures.tsx';
import { download, saveZip, toCsv, toJson } from './export.ts';
import { deselect, select, selected, useSelection } from './selection.ts';

/** Pictures that a search can go by together. */
const MAX_QUERIES = 8;
const MAX_COMPARED = 4;

export function SelectionBar() {
  const { client } = useConnection();
  const ticked = useSelection();
  const { deletes } = useAllows();
  const [deleting, setDeleting] = useState(false);
  const [comparing, setComparing] = useState(false);
  const [zipping, setZipping] = useState<string>();
  useKeys();
  if (ticked.size === 0) return null;
  const pictures = [...ticked.values()];
  const keys = [...ticked.keys()];
  const total = pictures.reduce((sum, { size }) => sum + size, 0);

  const zip = async () => {
    setZipping('Preparing …');
    try {
      await saveZip(client, pictures, (done) => setZipping(`${done} of ${pictures.length}`));
    } catch (error) {
      toast({ text: `The download ended: ${error instanceof Error ? error.message : String(error)}` });
    }
    setZipping(undefined);
  };
  const searchByAll = () => {
    const [first, ...others] = keys;
    if (first === undefined) return;
    navigate({ ...HOME, query: { key: first }, also: others.map((key) => ({ key, away: false })) });
    deselect();
  };

  return (
    <section class="selection-bar" aria-label="Selection">
      <div class="selection-count">
        <Button
          look="plain"
          size="small"
          icon="close"
          aria-label="Select nothing"
          onClick={() => deselect()}
        />
        <strong class="figures">{plural(pictures.length, 'picture')}</strong>
        <span class="quiet small figures">{bytes(total)}</span>
      </div>
      <div class="selection-actions">
        {keys.length <= MAX_QUERIES && (
          <Button size="small" icon="search" onClick={searchByAll}>
            {keys.length > 1 ? 'Search by all' : 'Search by it'}
          </Button>
        )}
        {keys.length > 1 && keys.length <= MAX_COMPARED && (
          <Button size="small" icon="copies" onClick={() => setComparing(true)}>
            Compare
          </Button>
        )}
        <Button size="small" icon="download" disabled={zipping !== undefined} onClick={zip}>
          {zipping ?? 'Download'}
        </Button>
        <Menu label="Export">
          <button
            type="button"
            onClick={() => copyText(keys.join('\n'), `${plural(keys.length, 'key')} copied`)}
          >
            Copy keys
          </button>
          <button type="button" onClick={() => download('pictures.csv', 'text/csv', toCsv(pictures))}>
            Save as CSV
          </button>
          <button
            type="button"
            onClick={() => download('pictures.json', 'application/json', toJson(pictures))}
          >
            Save as JSON
          </button>
        </Menu>
        {deletes && (
          <Button size="small" look="danger" icon="trash" onClick={() => setDeleting(true)}>
            Delete
          </Button>
        )}
      </div>
      {deleting && (
        <DeletePictures
          pictures={pictures}
          onCancel={() => setDeleting(false)}
          onDeleted={(gone) => {
            setDeleting(false);
            focusBehind(gone);
            deselect(gone);
          }}
        />
      )}
      {comparing && <Compare pictures={pictures} onClose={() => setComparing(false)} />}
    </section>
  );
}

const placeNow = (): string => formatRoute(routeBelow());

/** Ctrl-A ticks all that the view shows, also what is not loaded yet; Escape unticks. */
function useKeys(): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const typing = (event.target as HTMLElement).closest?.('input, select, textarea, dialog');
      if (typing) return;
      if (event.key === 'Escape' && selected().size > 0) {
        event.preventDefault();
        deselect();
      }
      const { items, total = items.length, all } = currentSequence();
      if (event.key !== 'a' || !(event.ctrlKey || event.metaKey) || items.length === 0) return;
      event.preventDefault();
      if (items.length >= total || !all) select(items);
      else {
        const place = placeNow();
        // Someone who has gone on meanwhile would not see what gets ticked.
        void all().then((pictures) => placeNow() === place && select(pictures));
      }
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, []);
}
