/** The picture that is searched by, and what can be done with it: choose a part, take another, add it. */

import { useState } from 'preact/hooks';
import { useConnection } from '../../api/connection.tsx';
import { useRequest } from '../../api/use-request.ts';
import { CropPicture } from '../../crop/crop-picture.tsx';
import { MIDDLE } from '../../crop/geometry.ts';
import { announce } from '../../parts/announcer.tsx';
import { Button, FilePicker } from '../../parts/button.tsx';
import { fileName } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import { view } from '../../parts/tile.tsx';
import { searchByFile } from '../../query/search-by-file.ts';
import type { QueryPicture } from '../../query/use-query-picture.ts';
import { navigate } from '../../route/navigation.ts';
import type { Crop, SearchRoute } from '../../route/route.ts';
import { Thumbnail } from '../../thumbnails/thumbnail.tsx';
import { useUploads } from '../../uploads/uploads-context.tsx';

interface QueryPanelProps {
  readonly route: SearchRoute;
  readonly picture: QueryPicture;
  /** The server could not search by it, and says why beside this. */
  readonly refused: boolean;
}

export function QueryPanel({ route, picture, refused }: QueryPanelProps) {
  const { add } = useUploads();
  const [unshowable, setUnshowable] = useState<string>();
  const { query, crop } = route;
  const key = query && 'key' in query ? query.key : undefined;
  const shown = picture.preview !== undefined && picture.preview !== unshowable;
  const setCrop = (next: Crop | undefined) => navigate({ ...route, crop: next });

  return (
    <section class="query-panel" aria-label="The picture to search by">
      {shown ? (
        <CropPicture
          src={picture.preview!}
          alt={key ?? 'The picture you search by'}
          crop={crop}
          onCrop={setCrop}
          onError={() => setUnshowable(picture.preview)}
        />
      ) : (
        <div class="query-blank">
          <Icon name="picture" size={32} />
          {unshowable && !refused && (
            <p class="small">
              This browser cannot show this kind of picture; the server looks at it all the same.
            </p>
          )}
        </div>
      )}
      <p class="query-name" title={picture.name}>
        {key === undefined ? 'Your picture' : fileName(key)}
      </p>
      {route.also.length > 0 && <AlsoAsked route={route} />}
      <div class="query-actions">
        {shown && (
          <Button
            size="small"
            icon="crop"
            onClick={() => {
              setCrop(crop ? undefined : MIDDLE);
              if (!crop) announce('A box is on the picture. Tab to it to move it.');
            }}
          >
            {crop ? 'Whole picture' : 'Search a part'}
          </Button>
        )}
        {key !== undefined && (
          <Button size="small" icon="info" onClick={() => view(key)}>
            Details
          </Button>
        )}
        {picture.blob && !refused && (
          <Button size="small" icon="plus" onClick={() => add([named(picture.blob!)])}>
            Add to the library
          </Button>
        )}
        <FilePicker size="small" icon="picture" onPick={([file]) => file && searchByFile(file)}>
          Another
        </FilePicker>
      </div>
    </section>
  );
}

/** The pictures that the search goes by as well, each with a way to turn it around and to drop it. */
function AlsoAsked({ route }: { route: SearchRoute }) {
  const set = (also: SearchRoute['also']) => navigate({ ...route, also }, 'in-place');
  return (
    <ul class="query-also" aria-label="Also searched by">
      {route.also.map((each) => (
        <li key={each.key} data-away={each.away ? '' : undefined}>
          <AlsoPicture pictureKey={each.key} />
          <div class="query-also-tools">
            <Button
              size="small"
              look="plain"
              icon={each.away ? 'minus' : 'plus'}
              aria-label={each.away ? `Less like ${each.key}` : `More like ${each.key}`}
              title={each.away ? 'Less like it; turn around' : 'More like it; turn around'}
              onClick={() => set(route.also.map((one) => (one === each ? { ...one, away: !one.away } : one)))}
            />
            <Button
              size="small"
              look="plain"
              icon="close"
              aria-label={`Without ${each.key}`}
              onClick={() => set(route.also.filter((one) => one !== each))}
            />
          </div>
        </li>
      ))}
    </ul>
  );
}

function AlsoPicture({ pictureKey }: { pictureKey: string }) {
  const { client } = useConnection();
  const { value } = useRequest(`image ${pictureKey}`, (signal) => client.image(pictureKey, { signal }));
  return (
    <span class="tile-link" title={pictureKey}>
      {value?.state === 'indexed' && <Thumbnail picture={value} alt={pictureKey} size={160} />}
    </span>
  );
}

/** A picture that was pasted has no name of its own. */
function named(blob: Blob): { path: string; file: File } {
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(/[T:]/g, '-');
  const name =
    blob instanceof File
      ? blob.name
      : `picture-${stamp}.${blob.type.replace(/^image\/(?:x-)?/, '') || 'jpg'}`;
  return { path: name, file: blob instanceof File ? blob : new File([blob], name, { type: blob.type }) };
}
