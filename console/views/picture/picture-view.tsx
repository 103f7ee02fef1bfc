/** One picture: large, with what the library knows of it, and what looks like it. */

import './picture-view.css';
import { useCallback, useState } from 'preact/hooks';
import type { PictureState } from '../../../client/index.ts';
import { useConnection } from '../../api/connection.tsx';
import { useRequest } from '../../api/use-request.ts';
import { useLibraryChanges } from '../../library/library-version.ts';
import { Button, LinkButton } from '../../parts/button.tsx';
import { bytes, fileName, folderOf, moment } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import { Notice } from '../../parts/notice.tsx';
import { searchHref } from '../../parts/tile.tsx';
import { TroubleNotice } from '../../parts/trouble-notice.tsx';
import { Waiting } from '../../parts/waiting.tsx';
import { navigate } from '../../route/navigation.ts';
import { formatRoute, HOME } from '../../route/route.ts';
import { previewUrl } from '../../thumbnails/preview.ts';
import { DeletePictures } from './delete-pictures.tsx';
import { Neighbours } from './neighbours.tsx';

type State = PictureState | { readonly state: 'absent'; readonly key: string };

export function PictureView({ pictureKey }: { pictureKey: string }) {
  const { client } = useConnection();
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
            <a class="small" href={formatRoute({ view: 'library', prefix: folderOf(pictureKey) })}>
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
            {value.state !== 'absent' && (
              <Button look="danger" icon="trash" onClick={() => setDeleting(true)}>
                Delete
              </Button>
            )}
          </div>
        )}
        {value && <Facts picture={value} />}
      </section>
      {value?.state === 'indexed' && <Neighbours pictureKey={pictureKey} />}
      {deleting && (
        <DeletePictures
          keys={[pictureKey]}
          onCancel={close}
          onDeleted={() => navigate({ view: 'library', prefix: folderOf(pictureKey) })}
        />
      )}
    </div>
  );
}

function Frame({ picture }: { picture: State | undefined }) {
  const { config } = useConnection();
  const [broken, setBroken] = useState(false);
  return (
    <div class="picture-frame">
      {picture?.state === 'indexed' && !broken ? (
        <img src={previewUrl(config, picture, 1280)} alt={picture.key} onError={() => setBroken(true)} />
      ) : (
        <Icon name="picture" size={48} />
      )}
    </div>
  );
}

function Facts({ picture }: { picture: State }) {
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
      <dl class="facts">
        <dt>State</dt>
        <dd>
          <span class="state" data-state={picture.state}>
            {STATES[picture.state]}
          </span>
        </dd>
        {picture.state === 'indexed' && (
          <>
            <dt>Size</dt>
            <dd>{bytes(picture.size)}</dd>
            {picture.contentType && (
              <>
                <dt>Type</dt>
                <dd>{picture.contentType}</dd>
              </>
            )}
            <dt>Changed</dt>
            <dd>
              <time dateTime={picture.lastModified}>{moment(picture.lastModified)}</time>
            </dd>
            {Object.entries(picture.metadata).map(([name, value]) => (
              <Metadatum key={name} pictureKey={picture.key} name={name} value={value} />
            ))}
          </>
        )}
        <dt>Key</dt>
        <dd>
          <code>{picture.key}</code>
        </dd>
      </dl>
    </>
  );
}

/** A value leads to the pictures that share it and look like this one. */
function Metadatum({ pictureKey, name, value }: { pictureKey: string; name: string; value: string }) {
  const alike = formatRoute({ ...HOME, query: { key: pictureKey }, metadata: { [name]: value } });
  return (
    <>
      <dt>{name}</dt>
      <dd>
        <a href={alike} title={`Search where ${name} is ${value}`}>
          {value}
        </a>
      </dd>
    </>
  );
}

const STATES = {
  indexed: 'Searchable',
  pending: 'On its way into the index, or out of it',
  rejected: 'Rejected',
  absent: 'Not in the library',
} as const;
