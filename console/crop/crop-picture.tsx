/** A picture on which a part can be chosen: drawn with the pointer, moved and sized with pointer or arrow keys. */

import './crop-picture.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import { announce } from '../parts/announcer.tsx';
import type { Crop } from '../route/route.ts';
import { boxBetween, type Corner, inWords, moved, opposite, type Point, sized } from './geometry.ts';

interface CropPictureProps {
  readonly src: string;
  readonly alt: string;
  readonly crop: Crop | undefined;
  /** Called when a gesture ends, not while it lasts. */
  readonly onCrop: (crop: Crop | undefined) => void;
  readonly onError?: () => void;
}

type Drag =
  | { readonly kind: 'draw'; readonly from: Point }
  | { readonly kind: 'move'; readonly from: Point; readonly box: Crop };

const CORNERS: readonly Corner[] = ['nw', 'ne', 'sw', 'se'];
const KEY_STEP = 0.02;
/** Arrow keys repeat; the search waits until they rest. */
const KEYS_REST_MS = 350;

const ARROWS: Readonly<Record<string, Point>> = {
  ArrowLeft: { x: -KEY_STEP, y: 0 },
  ArrowRight: { x: KEY_STEP, y: 0 },
  ArrowUp: { x: 0, y: -KEY_STEP },
  ArrowDown: { x: 0, y: KEY_STEP },
};

export function CropPicture({ src, alt, crop, onCrop, onError }: CropPictureProps) {
  const frame = useRef<HTMLDivElement>(null);
  const drag = useRef<Drag>();
  const keysRest = useRef<ReturnType<typeof setTimeout>>();
  // The box while a gesture lasts; otherwise the one of the address bar counts.
  const [draft, setDraft] = useState<{ readonly box: Crop | undefined }>();
  const box = draft ? draft.box : crop;

  useEffect(() => () => clearTimeout(keysRest.current), []);

  const pointOf = (event: PointerEvent): Point => {
    const { left, top, width, height } = frame.current!.getBoundingClientRect();
    return { x: (event.clientX - left) / width, y: (event.clientY - top) / height };
  };

  const finish = (result: Crop | undefined) => {
    setDraft(undefined);
    onCrop(result);
  };

  const onPointerDown = (event: PointerEvent) => {
    if (event.button !== 0 || (event.pointerType === 'touch' && !box)) return;
    const target = event.target as HTMLElement;
    const corner = target.dataset.corner as Corner | undefined;
    const from = pointOf(event);
    if (corner && box) drag.current = { kind: 'draw', from: opposite(box, corner) };
    else if (box && target.classList.contains('crop-box')) drag.current = { kind: 'move', from, box };
    else drag.current = { kind: 'draw', from };
    frame.current!.setPointerCapture(event.pointerId);
  };

  const dragged = (event: PointerEvent): Crop | undefined => {
    const { current } = drag;
    const to = pointOf(event);
    if (current?.kind === 'move') {
      return moved(current.box, { x: to.x - current.from.x, y: to.y - current.from.y });
    }
    return current && boxBetween(current.from, to);
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (!box) return;
    const step = ARROWS[event.key];
    if (event.key === 'Escape' || event.key === 'Delete') {
      clearTimeout(keysRest.current);
      announce('Searching the whole picture');
      finish(undefined);
    } else if (step) {
      event.preventDefault();
      const next = (event.shiftKey ? sized : moved)(box, step);
      setDraft({ box: next });
      clearTimeout(keysRest.current);
      keysRest.current = setTimeout(() => {
        announce(`The part is ${inWords(next)}`);
        finish(next);
      }, KEYS_REST_MS);
    }
  };

  const percent = (value: number) => `${value * 100}%`;
  const place = box && {
    left: percent(box.x),
    top: percent(box.y),
    width: percent(box.width),
    height: percent(box.height),
  };

  return (
    // Drawing is for pointers; the box inside takes the keyboard.
    <div
      ref={frame}
      class="crop"
      data-cropped={box ? '' : undefined}
      onPointerDown={onPointerDown}
      onPointerMove={(event) => drag.current && setDraft({ box: dragged(event) })}
      onPointerUp={(event) => {
        if (!drag.current) return;
        const result = dragged(event);
        drag.current = undefined;
        finish(result);
      }}
      onPointerCancel={() => {
        drag.current = undefined;
        setDraft(undefined);
      }}
    >
      <img src={src} alt={alt} draggable={false} onError={onError} />
      {box && place && (
        <>
          <div class="crop-shade">
            <div style={place} />
          </div>
          {/* biome-ignore lint/a11y/useSemanticElements: no element means "a movable box". */}
          <div
            class="crop-box"
            style={place}
            role="group"
            // biome-ignore lint/a11y/noNoninteractiveTabindex: it takes arrow keys, as the label says.
            tabIndex={0}
            aria-roledescription="movable box"
            aria-label={`Part to search for, ${inWords(box)}. Arrow keys move it, with Shift they change its size, Escape takes the whole picture.`}
            onKeyDown={onKeyDown}
          />
          {CORNERS.map((corner) => (
            <span
              key={corner}
              class="crop-corner"
              data-corner={corner}
              style={{
                left: percent(corner.endsWith('w') ? box.x : box.x + box.width),
                top: percent(corner.startsWith('n') ? box.y : box.y + box.height),
              }}
            />
          ))}
        </>
      )}
    </div>
  );
}
