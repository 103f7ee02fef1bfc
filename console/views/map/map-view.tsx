/** The library as a map: alike pictures stand near each other; moved and zoomed like any map, with a lasso to select. */

import './map-view.css';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { LibraryMap } from '../../../client/index.ts';
import { useConnection } from '../../api/connection.tsx';
import { useRequest } from '../../api/use-request.ts';
import { useSequence } from '../../library/sequence.ts';
import { type Camera, fitting, isInside, nearer, shifted } from '../../map/camera.ts';
import { draw, pictureAt } from '../../map/draw.ts';
import { MapPictures } from '../../map/pictures.ts';
import { useLayout } from '../../map/use-layout.ts';
import type { LaidOut } from '../../map/worker.ts';
import { announce } from '../../parts/announcer.tsx';
import { Button } from '../../parts/button.tsx';
import { count, fileName, pixelsAndDay, plural } from '../../parts/format.ts';
import { view } from '../../parts/tile.tsx';
import { TroubleNotice } from '../../parts/trouble-notice.tsx';
import { Waiting } from '../../parts/waiting.tsx';
import { select, useSelection } from '../../selection/selection.ts';
import { EmptyLibrary } from '../library/empty-library.tsx';

export function MapView() {
  const { client } = useConnection();
  const { value, trouble, slow, retry } = useRequest('map', (signal) => client.map({ signal }));
  const laidOut = useLayout(value);
  useSequence({ items: value?.items ?? [] });
  if (value?.pictures === 0) return <EmptyLibrary />;
  return (
    <div class="map">
      <div class="map-head">
        <h1 tabIndex={-1}>Map</h1>
        {value && (
          <p class="quiet small figures">
            {value.items.length < value.pictures
              ? `${count(value.items.length)} of ${plural(value.pictures, 'picture')}, evenly chosen`
              : plural(value.pictures, 'picture')}
            . Alike ones stand near each other.
            {laidOut && laidOut.done < 1 && ` Laying out, ${Math.round(laidOut.done * 100)} % …`}
          </p>
        )}
      </div>
      {trouble && <TroubleNotice trouble={trouble} retry={retry} />}
      {!laidOut && !trouble && <Waiting slow={slow} />}
      {value && laidOut && <Canvas map={value} laidOut={laidOut} />}
    </div>
  );
}

const KEY_STEP = 80;
const ZOOM_STEP = 1.4;
/** Pixels that a pointer may move in a click. */
const CLICK = 4;
/** The camera of this visit, so that "back" shows the same part. */
let keptCamera: Camera | undefined;

type Point = [number, number];

function Canvas({ map: { items }, laidOut: { positions, done } }: { map: LibraryMap; laidOut: LaidOut }) {
  const { client, config } = useConnection();
  const canvas = useRef<HTMLCanvasElement>(null);
  const ticked = useSelection();
  const [camera, setCamera] = useState<Camera | undefined>(keptCamera);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [lassoing, setLassoing] = useState(false);
  const [line, setLine] = useState<readonly Point[]>([]);
  const [hovered, setHovered] = useState<number>();
  const [, setLoaded] = useState(0);
  const pictures = useMemo(
    () => new MapPictures(client, config, () => setLoaded((now) => now + 1)),
    [client, config],
  );
  const pointers = useRef(new Map<number, Point>());
  const from = useRef<Point>();

  useEffect(() => {
    const element = canvas.current!;
    const measure = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  // While the map forms, all of it is in view; from the first touch on it stays where it was put.
  const shown = camera ?? fitting(positions, size);
  keptCamera = camera;
  const latest = useRef(shown);
  latest.current = shown;
  const move = (next: Camera) => setCamera(next);

  useEffect(() => {
    if (size.width === 0) return;
    const frame = requestAnimationFrame(() => {
      const inView = draw(canvas.current!, {
        positions,
        camera: shown,
        size,
        items,
        ticked,
        line,
        hovered,
        pictures,
      });
      pictures.want(inView.map((at) => items[at]!));
    });
    return () => cancelAnimationFrame(frame);
  });

  const pointOf = (event: { clientX: number; clientY: number }): Point => {
    const box = canvas.current!.getBoundingClientRect();
    return [event.clientX - box.left - size.width / 2, event.clientY - box.top - size.height / 2];
  };

  useEffect(() => {
    const element = canvas.current!;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const box = element.getBoundingClientRect();
      const [x, y] = [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2];
      move(nearer(latest.current, 1.002 ** -event.deltaY, x, y));
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, []);

  const onPointerMove = (event: PointerEvent) => {
    const point = pointOf(event);
    const before = pointers.current.get(event.pointerId);
    if (!before) {
      if (event.pointerType === 'mouse') setHovered(pictureAt(point, { positions, camera: shown }));
      return;
    }
    const other = [...pointers.current].find(([id]) => id !== event.pointerId)?.[1];
    pointers.current.set(event.pointerId, point);
    if (line.length > 0) setLine([...line, point]);
    else if (other) {
      const factor =
        Math.hypot(point[0] - other[0], point[1] - other[1]) /
        Math.hypot(before[0] - other[0], before[1] - other[1]);
      move(nearer(shown, factor, (point[0] + other[0]) / 2, (point[1] + other[1]) / 2));
    } else move(shifted(shown, point[0] - before[0], point[1] - before[1]));
  };

  const onPointerUp = (event: PointerEvent) => {
    pointers.current.delete(event.pointerId);
    const point = pointOf(event);
    if (line.length > 2) {
      const chosen = items.filter((_, at) => {
        const x = (positions[at * 2]! - shown.x) * shown.scale;
        const y = (positions[at * 2 + 1]! - shown.y) * shown.scale;
        return isInside(x, y, line);
      });
      select(chosen);
      announce(`${plural(chosen.length, 'picture')} selected`);
    } else if (from.current && Math.hypot(point[0] - from.current[0], point[1] - from.current[1]) < CLICK) {
      const at = pictureAt(point, { positions, camera: shown });
      if (at !== undefined) view(items[at]!.key);
    }
    setLine([]);
    setLassoing(false);
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const next = {
      ArrowLeft: shifted(shown, KEY_STEP, 0),
      ArrowRight: shifted(shown, -KEY_STEP, 0),
      ArrowUp: shifted(shown, 0, KEY_STEP),
      ArrowDown: shifted(shown, 0, -KEY_STEP),
      '+': nearer(shown, ZOOM_STEP),
      '=': nearer(shown, ZOOM_STEP),
      '-': nearer(shown, 1 / ZOOM_STEP),
    }[event.key];
    if (event.key === '0') setCamera(undefined);
    if (event.key === 'Enter') {
      const at = pictureAt([0, 0], { positions, camera: shown });
      if (at !== undefined) view(items[at]!.key);
    }
    if (!next) return;
    event.preventDefault();
    move(next);
  };

  return (
    <div class="map-frame" data-done={done === 1 ? '' : undefined}>
      <canvas
        ref={canvas}
        role="img"
        tabIndex={0}
        aria-label="Map of the library. Arrow keys move it, plus and minus zoom, 0 shows all, Enter opens the picture in the middle."
        data-lasso={lassoing || line.length > 0 ? '' : undefined}
        data-over={hovered === undefined ? undefined : ''}
        onKeyDown={onKeyDown}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          const point = pointOf(event);
          from.current = point;
          pointers.current.set(event.pointerId, point);
          canvas.current!.setPointerCapture(event.pointerId);
          if (lassoing || event.shiftKey) setLine([point]);
        }}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerUp}
        onPointerCancel={(event) => {
          pointers.current.delete(event.pointerId);
          setLine([]);
        }}
        onPointerLeave={() => setHovered(undefined)}
      />
      <div class="map-tools">
        <Button
          size="small"
          icon="lasso"
          aria-pressed={lassoing}
          title="Draw around pictures to select them (or hold Shift)"
          onClick={() => setLassoing(!lassoing)}
        >
          Lasso
        </Button>
        <Button size="small" icon="plus" aria-label="Nearer" onClick={() => move(nearer(shown, ZOOM_STEP))} />
        <Button
          size="small"
          icon="minus"
          aria-label="Farther"
          onClick={() => move(nearer(shown, 1 / ZOOM_STEP))}
        />
        <Button size="small" onClick={() => setCamera(undefined)}>
          All
        </Button>
      </div>
      {hovered !== undefined && (
        <p class="map-name">
          {fileName(items[hovered]!.key)} <span class="quiet figures">{pixelsAndDay(items[hovered]!)}</span>
        </p>
      )}
    </div>
  );
}
