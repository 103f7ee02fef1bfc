/** A picture in a frame that wheel, pinch and double click enlarge, and a drag moves. */

import './zoomable.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useConnection } from '../api/connection.tsx';
import type { ShownPicture } from '../library/sequence.ts';
import { Icon } from '../parts/icon.tsx';
import { previewUrl } from '../thumbnails/preview.ts';
import { type Look, moved, WHOLE, zoomed } from './zoom.ts';

interface ZoomableProps {
  readonly picture: ShownPicture;
  readonly look: Look;
  readonly onLook: (look: Look) => void;
  /** Told the picture's own size in pixels when it is known. */
  readonly onSize?: (width: number, height: number) => void;
  readonly hidden?: boolean;
}

/** Above this the preview has too few pixels, and the original is fetched. */
const ORIGINAL_FROM = 1.2;
const WHEEL_STEP = 1.0015;
const DOUBLE_CLICK = 3;

export function Zoomable({ picture, look, onLook, onSize, hidden }: ZoomableProps) {
  const frame = useRef<HTMLDivElement>(null);
  const pointers = useRef(new Map<number, { x: number; y: number }>());
  const source = useSource(picture, look.scale >= ORIGINAL_FROM);
  const [broken, setBroken] = useState<string>();
  const latest = useRef({ look, onLook });
  latest.current = { look, onLook };

  /** A point of the window in fractions of the frame from its middle. */
  const at = (x: number, y: number) => {
    const box = frame.current!.getBoundingClientRect();
    return { x: (x - box.left) / box.width - 0.5, y: (y - box.top) / box.height - 0.5 };
  };

  useEffect(() => {
    const element = frame.current!;
    // Not by an attribute: only a listener that says so may keep the page from scrolling.
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const { x, y } = at(event.clientX, event.clientY);
      latest.current.onLook(zoomed(latest.current.look, WHEEL_STEP ** -event.deltaY, x, y));
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, []);

  const onPointerMove = (event: PointerEvent) => {
    const before = pointers.current.get(event.pointerId);
    if (!before) return;
    const other = [...pointers.current].find(([id]) => id !== event.pointerId)?.[1];
    pointers.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
    const box = frame.current!.getBoundingClientRect();
    if (!other) {
      onLook(moved(look, (event.clientX - before.x) / box.width, (event.clientY - before.y) / box.height));
      return;
    }
    const span = (point: { x: number; y: number }) => Math.hypot(point.x - other.x, point.y - other.y);
    const middle = at((event.clientX + other.x) / 2, (event.clientY + other.y) / 2);
    onLook(zoomed(look, span({ x: event.clientX, y: event.clientY }) / span(before), middle.x, middle.y));
  };
  const release = (event: PointerEvent) => pointers.current.delete(event.pointerId);

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the viewer's keys and buttons do the same.
    <div
      ref={frame}
      class="zoomable"
      data-zoomed={look.scale > 1 ? '' : undefined}
      hidden={hidden}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        pointers.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
        frame.current!.setPointerCapture(event.pointerId);
      }}
      onPointerMove={onPointerMove}
      onPointerUp={release}
      onPointerCancel={release}
      onDblClick={(event) => {
        const { x, y } = at(event.clientX, event.clientY);
        onLook(look.scale > 1 ? WHOLE : zoomed(look, DOUBLE_CLICK, x, y));
      }}
    >
      {broken !== undefined && broken === source ? (
        <span class="zoomable-none">
          <Icon name="picture" size={48} />
          This browser cannot show it
        </span>
      ) : (
        <img
          src={source}
          alt={picture.key}
          draggable={false}
          style={{ transform: `translate(${look.x * 100}%, ${look.y * 100}%) scale(${look.scale})` }}
          onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) => {
            if (source === picture.url) onSize?.(naturalWidth, naturalHeight);
          }}
          onError={() => setBroken(source)}
        />
      )}
    </div>
  );
}

/** The preview at first; the original when it is wanted and has come. */
function useSource(picture: ShownPicture, original: boolean): string | undefined {
  const { config } = useConnection();
  const [loaded, setLoaded] = useState<string>();
  const { url } = picture;
  useEffect(() => {
    if (!original || !url || loaded === url) return;
    const image = new Image();
    image.src = url;
    // A format that this browser cannot show stays with the preview.
    image.decode().then(
      () => setLoaded(url),
      () => {},
    );
  }, [original, url, loaded]);
  return url && loaded === url ? url : previewUrl(config, picture, 1280);
}
