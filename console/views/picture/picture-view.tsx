/** One picture: large, with what the library knows of it, and what looks like it. */

import './picture-view.css';
import { useCallback, useState } from 'preact/hooks';
import type { PictureState } from '../../../client/index.ts';
import { useConnection } from '../../api/connection.tsx';
import { useRequest } from '../../api/use-request.ts';
import { useAllows } from '../../api/use-stats.tsx';
import { useLibraryChanges } from '../../library/library-version.ts';
import { Button, LinkButton } from '../../parts/button.tsx';
import { fileName, folderOf } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import { Notice } from '../../parts/notice.tsx';
import { searchHref, view } from '../../parts/tile.tsx';
import { TroubleNotice } from '../../parts/trouble-notice.tsx';
import { Waiting } from '../../parts/waiting.tsx';
import { navigate } from '../../route/navigation.ts';
import { formatRoute, libraryOf } from '../../route/route.ts';
import { previewUrl } from '../../thumbnails/preview.ts';
import { Facts } from '../../viewer/facts.tsx';
import { DeletePictures } from './delete-pictures.tsx';
import { Neighbours } from './neighbours.tsx';

type State = PictureState | { readonly state: 'absent'; readonly key: string };

export function PictureView({ pictureKey }: { pictureKey: string }) {
  const { client } = useConnection();
  const { deletes } = useAllows();
  const [deleting, setDeleting] = useState(false);
  const { value, trouble, slow, retry } = useRequest<State>(`image ${pictureKey}`, (signal) =>
    client.image(pictureKey, { signal }),
  );
  useLibraryChanges(retry);
  const close = useCallback(() => setDeleting(false), []);

  return (
    <div class="picture">
      <Frame picture={value} />
      <section class="picture-facts" aria-label="Details">
        <div>
          <h1 tabIndex={-1}>{fileName(pictureKey)}</h1>
          {folderOf(pictureKey) && (
            <a class="small" href={formatRoute(libraryOf(folderOf(pictureKey)))}>
              {folderOf(pictureKey)}
            </a>
          )}
        </div>
        {trouble && <TroubleNotice trouble={trouble} retry={retry} />}
        {!value && !trouble && <Waiting slow={slow} />}
        {value && (
          <div class="picture-actions">
            {value.state === 'indexed' && (
              <>
                <LinkButton look="primary" icon="search" href={searchHref(pictureKey)}>
                  Search by this picture
                </LinkButton>
                <LinkButton icon="external" href={value.url} target="_blank" rel="noreferrer">
                  Original
                </LinkButton>
              </>
            )}
            {value.state !== 'absent' && deletes && (
              <Button look="danger" icon="trash" onClick={() => setDeleting(true)}>
                Delete
              </Button>
            )}
          </div>
        )}
        {value && <About picture={value} />}
      </section>
      {value?.state === 'indexed' && <Neighbours pictureKey={pictureKey} />}
      {deleting && (
        <DeletePictures
          pictures={[value?.state === 'indexed' ? value : { key: pictureKey }]}
          onCancel={close}
          onDeleted={() => navigate(libraryOf(folderOf(pictureKey)))}
        />
      )}
    </div>
  );
}

function Frame({ picture }: { picture: State | undefined }) {
  const { config } = useConnection();
  const [broken, setBroken] = useState(false);
  if (picture?.state !== 'indexed' || broken) {
    return (
      <div class="picture-frame">
        <Icon name="picture" size={48} />
      </div>
    );
  }
  return (
    <button type="button" class="picture-frame" aria-label="Show it large" onClick={() => view(picture.key)}>
      <img src={previewUrl(config, picture, 1280)} alt={picture.key} onError={() => setBroken(true)} />
    </button>
  );
}

function About({ picture }: { picture: State }) {
  return (
    <>
      {picture.state === 'rejected' && (
        <Notice tone="error" title="It cannot be searched.">
          {picture.reason.message}
        </Notice>
      )}
      {picture.state === 'absent' && (
        <Notice>There is no picture of this name in the library. It may have been deleted or renamed.</Notice>
      )}
      <p class="small">
        <span class="state" data-state={picture.state}>
          {STATES[picture.state]}
        </span>
      </p>
      {picture.state === 'indexed' ? <Facts picture={picture} /> : <code class="small">{picture.key}</code>}
    </>
  );
}

const STATES = {
  indexed: 'Searchable',
  pending: 'On its way into the index, or out of it',
  rejected: 'Rejected',
  absent: 'Not in the library',
} as const;
