/** All pictures, those of one folder, or those with a text in their name, in a grid that scrolls through any number. */

import './library-view.css';
import { useCallback, useMemo, useRef, useState } from 'preact/hooks';
import type { Picture } from '../../../client/index.ts';
import { useConnection } from '../../api/connection.tsx';
import { type Pages, usePages } from '../../api/pages.ts';
import { useSequence } from '../../library/sequence.ts';
import { VirtualGrid } from '../../library/virtual-grid.tsx';
import { Empty } from '../../parts/empty.tsx';
import { SelectField, TextField } from '../../parts/field.tsx';
import { count, plural } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import { Tile } from '../../parts/tile.tsx';
import { TroubleNotice } from '../../parts/trouble-notice.tsx';
import { useMedia } from '../../parts/use-media.ts';
import { useSettled } from '../../parts/use-settled.ts';
import { useSlow } from '../../parts/use-slow.ts';
import { Waiting } from '../../parts/waiting.tsx';
import { navigate } from '../../route/navigation.ts';
import { formatRoute, type LibraryRoute, libraryOf, type Order } from '../../route/route.ts';
import { EmptyLibrary } from './empty-library.tsx';
import { FolderTree } from './folder-tree.tsx';
import { type Folder, useFolders, useFoldersNamed } from './use-folders.ts';

const PHONE_TILE = 100;
const TILE = 160;

const ORDER_NAMES: readonly (readonly [Order, string])[] = [
  ['newest', 'Newest'],
  ['oldest', 'Oldest'],
  ['taken', 'Date taken'],
  ['name', 'Name'],
  ['largest', 'Largest'],
  ['key', 'Folder'],
];

export function LibraryView({ route }: { route: LibraryRoute }) {
  const { client } = useConnection();
  const { prefix, order } = route;
  const find = useSettled(route.find);
  const wide = useMedia('(min-width: 1000px)');
  const list = usePages<Picture>(`images ${order} ${find}\n${prefix}`, (cursor, limit, signal) =>
    client.images({
      ...(prefix && { prefix }),
      ...(find && { find }),
      ...(cursor !== undefined && { cursor }),
      order,
      limit,
      signal,
    }),
  );
  const { total } = list;
  // Not drawn again with each page of a scroll: it may have hundreds of folders.
  const shownTotal = find ? undefined : total;
  const tree = useMemo(() => <FolderTree prefix={prefix} total={shownTotal} />, [prefix, shownTotal]);

  if (total === 0 && prefix === '' && find === '') return <EmptyLibrary />;
  return (
    <div class="library" data-tree={wide ? '' : undefined}>
      {wide && tree}
      <div class="library-main">
        <div class="view-head">
          <div>
            <h1 tabIndex={-1}>
              <Breadcrumbs prefix={prefix} />
            </h1>
            <p class="figures">{total === undefined ? ' ' : plural(total, 'picture')}</p>
          </div>
          <div class="library-tools">
            <TextField
              label="Find"
              type="search"
              placeholder="A part of a name or folder"
              value={route.find}
              onInput={(next) => navigate({ ...route, find: next }, 'sliding')}
            />
            <SelectField
              label="Sort"
              value={order}
              choices={ORDER_NAMES}
              onChange={(next) => navigate({ ...route, order: next as Order }, 'in-place')}
            />
          </div>
        </div>
        {find ? <FoldersFound find={find} /> : !wide && <FoldersBelow prefix={prefix} />}
        <Grid list={list} label={`Pictures${prefix && ` in ${prefix}`}`} found={find !== ''} />
      </div>
    </div>
  );
}

function Grid({ list, label, found }: { list: Pages<Picture>; label: string; found: boolean }) {
  const { items, total, trouble } = list;
  const phone = useMedia('(max-width: 720px)');
  const slow = useSlow(total === undefined);
  // How far the view is ahead of what is known; 0 while it is not, so that scrolling draws nothing but tiles.
  const [missing, setMissing] = useState(0);
  const reveal = useRef<(index: number) => void>();
  const onView = useCallback(
    (end: number) => {
      setMissing(end > list.items.length ? end : 0);
      list.want(end);
    },
    [list],
  );
  useSequence({
    items,
    total,
    want: (length) => list.want(length),
    all: () => list.all(),
    reveal: (index) => reveal.current?.(index),
  });
  return (
    <>
      {trouble && <TroubleNotice trouble={trouble} retry={() => list.refresh()} />}
      {total === undefined && !trouble && <Waiting slow={slow} />}
      {total === 0 && (
        <Empty icon="folder" title={found ? 'Nothing has this in its name' : 'Nothing is in this folder'}>
          {found
            ? 'Names and folders are looked through, in upper and lower case.'
            : 'Add pictures to it, or choose another one.'}
        </Empty>
      )}
      {total !== undefined && total > 0 && (
        <VirtualGrid
          label={label}
          items={items}
          length={total}
          minTile={phone ? PHONE_TILE : TILE}
          gap={phone ? 4 : 8}
          onView={onView}
          reveal={reveal}
          tile={tileOf}
        />
      )}
      {total !== undefined && missing > items.length && items.length < total && !trouble && (
        <div class="library-progress figures" role="status">
          Reading the list: {count(items.length)} of {count(missing)}
        </div>
      )}
    </>
  );
}

const tileOf = (picture: Picture | undefined, tabIndex: 0 | -1) =>
  picture ? (
    <Tile picture={picture} tabIndex={tabIndex} />
  ) : (
    <div class="tile-skeleton" data-stop={tabIndex === 0 ? '' : undefined} />
  );

/** `Library / holiday / 2024`, each a link but the last. */
function Breadcrumbs({ prefix }: { prefix: string }) {
  const parts = prefix.split('/').filter(Boolean);
  if (parts.length === 0) return <>Library</>;
  return (
    <span class="breadcrumbs">
      <a href={formatRoute(libraryOf())}>Library</a>
      {parts.map((part, at) => (
        <span key={at}>
          {' '}
          <span class="quiet" aria-hidden="true">
            /
          </span>{' '}
          {at === parts.length - 1 ? (
            part
          ) : (
            <a href={formatRoute(libraryOf(`${parts.slice(0, at + 1).join('/')}/`))}>{part}</a>
          )}
        </span>
      ))}
    </span>
  );
}

function FoldersBelow({ prefix }: { prefix: string }) {
  return <FolderChips folders={useFolders(prefix)} below={prefix} />;
}

/** Folders whose names have the text too: someone may look for one of these. */
function FoldersFound({ find }: { find: string }) {
  return <FolderChips folders={useFoldersNamed(find)} below="" />;
}

function FolderChips({ folders, below }: { folders: readonly Folder[]; below: string }) {
  if (folders.length === 0) return null;
  return (
    <nav class="chips library-folders" aria-label="Folders here">
      {folders.map(({ prefix, pictures }) => (
        <a key={prefix} class="chip" href={formatRoute(libraryOf(prefix))}>
          <Icon name="folder" size={16} />
          {prefix.slice(below.length, -1)} <span class="quiet figures">{count(pictures)}</span>
        </a>
      ))}
    </nav>
  );
}
