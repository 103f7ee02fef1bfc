/** All pictures, or those of one folder, in a grid that scrolls through any number of them. */

import './library-view.css';
import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { useConnection } from '../../api/connection.tsx';
import { usePictureList } from '../../library/use-picture-list.ts';
import { VirtualGrid } from '../../library/virtual-grid.tsx';
import { Button } from '../../parts/button.tsx';
import { Empty } from '../../parts/empty.tsx';
import { TextField } from '../../parts/field.tsx';
import { count, plural } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import { PictureTile } from '../../parts/tile.tsx';
import { TroubleNotice } from '../../parts/trouble-notice.tsx';
import { useMedia } from '../../parts/use-media.ts';
import { Waiting } from '../../parts/waiting.tsx';
import { navigate } from '../../route/navigation.ts';
import { formatRoute } from '../../route/route.ts';
import { EmptyLibrary } from './empty-library.tsx';
import { foldersBelow } from './folders.ts';

const PHONE_TILE = 100;
const TILE = 150;
const SLOW_AFTER_MS = 2_500;

export function LibraryView({ prefix }: { prefix: string }) {
  const { client } = useConnection();
  const phone = useMedia('(max-width: 720px)');
  const list = usePictureList(client, prefix);
  const [viewEnd, setViewEnd] = useState(0);
  const slow = useSlow(list.total === undefined);
  const { items, total, trouble, revision } = list;
  // the list grows in place; its revision tells.
  const folders = useMemo(() => foldersBelow(items, prefix), [items, prefix, revision]);

  const onView = useCallback(
    (end: number) => {
      setViewEnd(end);
      list.want(end);
    },
    [list],
  );

  if (total === 0 && prefix === '') return <EmptyLibrary />;
  return (
    <>
      <div class="view-head">
        <div>
          <h1 tabIndex={-1}>{prefix || 'Library'}</h1>
          <p class="figures">{total === undefined ? ' ' : plural(total, 'picture')}</p>
        </div>
        <div class="library-tools">
          <TextField
            label="Folder"
            placeholder="Anywhere"
            value={prefix}
            suggestions={folders}
            onCommit={(next) => navigate({ view: 'library', prefix: next })}
          />
          {prefix && <Button onClick={() => navigate({ view: 'library', prefix: '' })}>All pictures</Button>}
        </div>
      </div>
      <Folders folders={folders} prefix={prefix} />
      {trouble && <TroubleNotice trouble={trouble} retry={() => list.want(viewEnd)} />}
      {total === undefined && !trouble && <Waiting slow={slow} />}
      {total === 0 && (
        <Empty icon="folder" title="Nothing is in this folder">
          Check how it is written, or add pictures to it.
        </Empty>
      )}
      {total !== undefined && total > 0 && (
        <VirtualGrid
          label={`Pictures${prefix && ` in ${prefix}`}`}
          length={total}
          minTile={phone ? PHONE_TILE : TILE}
          gap={phone ? 6 : 12}
          onView={onView}
          tile={(index, tabIndex) => {
            const picture = items[index];
            return picture ? (
              <PictureTile picture={picture} tabIndex={tabIndex} />
            ) : (
              <div class="tile-skeleton" />
            );
          }}
        />
      )}
      {total !== undefined && viewEnd > items.length && items.length < total && !trouble && (
        <div class="library-progress figures" role="status">
          Reading the list: {count(items.length)} of {count(viewEnd)}
        </div>
      )}
    </>
  );
}

/** Folders right below this one, as far as the list has been read. */
function Folders({ folders, prefix }: { folders: readonly string[]; prefix: string }) {
  if (folders.length === 0) return null;
  return (
    <nav class="chips library-folders" aria-label="Folders">
      {folders.map((folder) => (
        <a key={folder} class="chip" href={formatRoute({ view: 'library', prefix: folder })}>
          <Icon name="folder" size={16} />
          {folder.slice(prefix.lastIndexOf('/') + 1, -1)}
        </a>
      ))}
    </nav>
  );
}

function useSlow(waiting: boolean): boolean {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    if (!waiting) return;
    const timer = setTimeout(() => setSlow(true), SLOW_AFTER_MS);
    return () => clearTimeout(timer);
  }, [waiting]);
  return slow && waiting;
}
