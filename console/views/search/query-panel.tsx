/** The picture that is searched by, and what can be done with it: choose a part, take another, add it. */

import { useState } from 'preact/hooks';
import { CropPicture } from '../../crop/crop-picture.tsx';
import { MIDDLE } from '../../crop/geometry.ts';
import { announce } from '../../parts/announcer.tsx';
import { Button, FilePicker, LinkButton } from '../../parts/button.tsx';
import { fileName } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import { pictureHref } from '../../parts/tile.tsx';
import { searchByFile } from '../../query/search-by-file.ts';
import type { QueryPicture } from '../../query/use-query-picture.ts';
import { navigate } from '../../route/navigation.ts';
import type { Crop, SearchRoute } from '../../route/route.ts';
import { useUploads } from '../../uploads/uploads-context.tsx';

export function QueryPanel({ route, picture }: { route: SearchRoute; picture: QueryPicture }) {
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
          {unshowable && (
            <p class="small">
              This browser cannot show this kind of picture. It can be searched by all the same.
            </p>
          )}
        </div>
      )}
      <p class="query-name" title={picture.name}>
        {key === undefined ? 'Your picture' : fileName(key)}
      </p>
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
          <LinkButton size="small" icon="info" href={pictureHref(key)}>
            Details
          </LinkButton>
        )}
        {picture.blob && (
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

/** A picture that was pasted has no name of its own. */
function named(blob: Blob): { path: string; file: File } {
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(/[T:]/g, '-');
  const name =
    blob instanceof File
      ? blob.name
      : `picture-${stamp}.${blob.type.replace(/^image\/(?:x-)?/, '') || 'jpg'}`;
  return { path: name, file: blob instanceof File ? blob : new File([blob], name, { type: blob.type }) };
}
