/** A small picture in a grid; never the original. */

import './thumbnail.css';
import { useEffect, useState } from 'preact/hooks';
import { useConnection } from '../api/connection.tsx';
import { Icon } from '../parts/icon.tsx';
import { browserThumbnail, type Original } from './browser-thumbnails.ts';
import { previewUrl } from './preview.ts';

interface ThumbnailProps {
  readonly picture: Original;
  /** Empty where a text beside it names the picture. */
  readonly alt: string;
  /** Pixels of the longer side. */
  readonly size?: 320 | 640 | 1280;
  readonly fit?: 'cover' | 'contain';
}

export function Thumbnail({ picture, alt, size = 320, fit = 'cover' }: ThumbnailProps) {
  const src = useThumbnail(picture, size);
  // Which address loaded or failed: a tile that shows another picture starts afresh.
  const [loaded, setLoaded] = useState<string>();
  const [failed, setFailed] = useState<string>();
  const broken = src === null || (src !== undefined && failed === src);
  return (
    <span class="thumbnail" data-fit={fit} data-loaded={src && loaded === src ? '' : undefined}>
      {broken ? (
        <span
          role="img"
          aria-label={alt || undefined}
          aria-hidden={alt === ''}
          title="There is no preview of this picture"
        >
          <Icon name="picture" size={28} />
        </span>
      ) : (
        src && (
          <img
            src={src}
            alt={alt}
            loading="lazy"
            decoding="async"
            draggable={false}
            onLoad={() => setLoaded(src)}
            onError={() => setFailed(src)}
          />
        )
      )}
    </span>
  );
}

/** The address of a thumbnail; `undefined` while it is made, `null` when it cannot be. */
function useThumbnail({ key, url, lastModified }: Original, size: number): string | null | undefined {
  const { client, config } = useConnection();
  const template = config.thumbnails;
  const [made, setMade] = useState<string | null>();

  useEffect(() => {
    if (template) return;
    const abort = new AbortController();
    let address: string | undefined;
    setMade(undefined);
    browserThumbnail(client, { key, url, lastModified }, size, abort.signal).then(
      (blob) => {
        if (abort.signal.aborted) return;
        address = URL.createObjectURL(blob);
        setMade(address);
      },
      () => !abort.signal.aborted && setMade(null),
    );
    return () => {
      abort.abort();
      if (address) URL.revokeObjectURL(address);
    };
  }, [client, template, key, url, lastModified, size]);

  return template ? previewUrl(config, { key, url, lastModified }, size) : made;
}
