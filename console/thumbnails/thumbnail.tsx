/** A small picture in a grid; never the original. */

import './thumbnail.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useConnection } from '../api/connection.tsx';
import { Icon } from '../parts/icon.tsx';
import { browserThumbnail, type Original } from './browser-thumbnails.ts';
import { previewUrl } from './preview.ts';

interface ThumbnailProps {
  readonly picture: Original;
  /** Empty where a text beside it names the picture. */
  readonly alt: string;
  /** Pixels of the longer side. */
  readonly size?: 160 | 320 | 640 | 1280;
  readonly fit?: 'cover' | 'contain';
}

export function Thumbnail({ picture, alt, size = 320, fit = 'cover' }: ThumbnailProps) {
  const tries = useTries();
  const src = useThumbnail(picture, size, tries.made);
  // Which address loaded or failed: a tile that shows another picture starts afresh.
  const [loaded, setLoaded] = useState<string>();
  const [failed, setFailed] = useState<string>();
  useEffect(() => {
    if (src === null && tries.left) tries.again();
  }, [src]);
  const broken = (src === null && !tries.left) || (src !== undefined && failed === src);
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
            // Another try is another element: the browser would not ask again for the address of the same one.
            key={tries.made}
            src={src}
            alt={alt}
            loading="lazy"
            decoding="async"
            draggable={false}
            onLoad={() => setLoaded(src)}
            onError={() => (tries.left ? tries.again() : setFailed(src))}
          />
        )
      )}
    </span>
  );
}

/** Milliseconds before each new try: an outage of some seconds leaves no hole in a grid. */
const RETRY_AFTER_MS = [1_000, 3_000, 8_000, 20_000];

/** Counts the tries of a thumbnail that did not come, and makes the next one a while later. */
function useTries() {
  const [made, setMade] = useState(0);
  const timer = useRef<ReturnType<typeof setTimeout>>();
  useEffect(() => () => clearTimeout(timer.current), []);
  return {
    made,
    left: made < RETRY_AFTER_MS.length,
    again() {
      clearTimeout(timer.current);
      timer.current = setTimeout(() => setMade(made + 1), RETRY_AFTER_MS[made]);
    },
  };
}

/** The address of a thumbnail; `undefined` while it is made, `null` when it cannot be. */
function useThumbnail(
  { key, url, lastModified }: Original,
  size: number,
  tried: number,
): string | null | undefined {
  const { client, config } = useConnection();
  const template = config.thumbnails;
  const [made, setMade] = useState<string | null>();

  useEffect(() => {
    if (template) return;
    const abort = new AbortController();
    let address: string | undefined;
    setMade(undefined);
    browserThumbnail(client, { key, url, lastModified }, abort.signal).then(
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
  }, [client, template, key, url, lastModified, tried]);

  return template ? previewUrl(config, { key, url, lastModified }, size) : made;
}
