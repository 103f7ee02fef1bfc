/** The picture that is searched by, whether it is in the library or only in this browser. */

import { useEffect, useState } from 'preact/hooks';
import { useConnection } from '../api/connection.tsx';
import { useRequest } from '../api/use-request.ts';
import type { Query } from '../route/route.ts';
import { previewUrl } from '../thumbnails/preview.ts';
import { keptPicture } from './kept-pictures.ts';

export interface QueryPicture {
  /** What the picture is called in sentences. */
  readonly name: string;
  /** An address that an `<img>` can show; `undefined` while it is looked for. */
  readonly preview: string | undefined;
  /** The bytes of a picture that is only in this browser. */
  readonly blob?: Blob;
  /** The picture of that link is kept in another browser, or was forgotten by this one. */
  readonly lost?: true;
}

export function useQueryPicture(query: Query): QueryPicture {
  const { client, config } = useConnection();
  const key = 'key' in query ? query.key : undefined;
  const kept = useKept('kept' in query ? query.kept : undefined);
  const { value } = useRequest(key === undefined ? undefined : `image ${key}`, (signal) =>
    client.image(key!, { signal }),
  );
  if (key === undefined) return kept;
  return {
    name: key,
    preview: value?.state === 'indexed' ? previewUrl(config, value, 640) : undefined,
  };
}

function useKept(name: string | undefined): QueryPicture {
  const [picture, setPicture] = useState<QueryPicture & { of?: string }>({
    name: 'your picture',
    preview: undefined,
  });
  useEffect(() => {
    if (name === undefined) return;
    let address: string | undefined;
    let shown = true;
    keptPicture(name).then((blob) => {
      if (!shown) return;
      address = blob && URL.createObjectURL(blob);
      setPicture({ of: name, name: 'your picture', preview: address, ...(blob ? { blob } : { lost: true }) });
    });
    return () => {
      shown = false;
      if (address) URL.revokeObjectURL(address);
    };
  }, [name]);
  return picture.of === name ? picture : { name: 'your picture', preview: undefined };
}
