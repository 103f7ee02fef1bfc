/** A grid of any length that scrolls with the page and holds only the tiles in view. */

import './virtual-grid.css';
import type { ComponentChildren, RefObject } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks';
import { type GridShape, inView, neighbour, sameRows, shapeOf } from './grid-window.ts';

interface VirtualGridProps<T> {
  readonly label: string;
  /** What is known of the tiles, from the first on. */
  readonly items: readonly T[];
  /** Tiles there are in all. */
  readonly length: number;
  readonly minTile: number;
  readonly gap: number;
  /** Told what is in view, so that it can be loaded. */
  readonly onView: (end: number) => void;
  /** Gets what puts the focus on a tile, wherever it is. */
  readonly reveal?: RefObject<((index: number) => void) | undefined>;
  /**
   * One tile; what takes the focus in it has `tabIndex` and is an element with `data-tile`. The same function each time: with
   * another one all tiles are drawn again.
   */
  readonly tile: (item: T | undefined, tabIndex: 0 | -1) => ComponentChildren;
}

export function VirtualGrid<T>({
  label,
  items,
  length,
  minTile,
  gap,
  onView,
  reveal,
  tile,
}: VirtualGridProps<T>) {
  const list = useRef<HTMLUListElement>(null);
  const [width, setWidth] = useState(0);
  const [view, setView] = useState({ top: 0, height: 0 });
  // One tile is in the tab order, arrow keys go on from there.
  const [current, setCurrent] = useState(0);
  const focusNext = useRef(false);
  const shapeNow = useRef<GridShape>();

  useLayoutEffect(() => {
    const element = list.current!;
    const measure = () => {
      setWidth(element.clientWidth);
      const next = { top: Math.max(0, -element.getBoundingClientRect().top), height: innerHeight };
      // Most steps of a scroll show the same rows: nothing is drawn again for them.
      setView((before) => (sameRows(before, next, shapeNow.current) ? before : next));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    addEventListener('scroll', measure, { passive: true });
    addEventListener('resize', measure);
    return () => {
      observer.disconnect();
      removeEventListener('scroll', measure);
      removeEventListener('resize', measure);
    };
  }, []);

  const shape = shapeOf(length, { width: Math.max(width, 1), minTile, gap });
  shapeNow.current = shape;
  const { start, end } = width > 0 ? inView(length, shape, view.top, view.height) : { start: 0, end: 0 };
  useEffect(() => {
    if (end > 0) onView(end);
  }, [end, onView]);

  const side = shape.rowHeight - gap;
  const active = Math.min(current, length - 1);

  const onKeyDown = (event: KeyboardEvent) => {
    const next = neighbour(event.key, active, length, shape.columns);
    if (next === undefined) return;
    event.preventDefault();
    goTo(next);
  };

  const goTo = (next: number) => {
    focusNext.current = true;
    setCurrent(next);
    // A tile far away does not exist until the page has scrolled to it.
    const top = scrollY + list.current!.getBoundingClientRect().top;
    const row = top + Math.floor(next / shape.columns) * shape.rowHeight;
    if (row < scrollY + HEADER || row + side > scrollY + innerHeight) {
      scrollTo({ top: Math.max(0, row - innerHeight / 3) });
    }
    list
      .current!.querySelector<HTMLElement>(`[data-index="${next}"] [data-tile]`)
      ?.focus({ preventScroll: true });
  };

  if (reveal) reveal.current = goTo;

  // Before the paint, and so before the next key: it would go to a tile that is there no more.
  useLayoutEffect(() => {
    if (!focusNext.current) return;
    const element = list.current?.querySelector<HTMLElement>(`[data-index="${active}"] [data-tile]`);
    if (!element) return;
    focusNext.current = false;
    element.focus({ preventScroll: true });
  });

  // The tile of the tab stop exists wherever it is: the focus would be lost with it.
  const indices = useGradually(start, end);
  if (width > 0 && active >= 0 && active < start) indices.unshift(active);
  if (width > 0 && active >= end) indices.push(active);

  const tiles = indices.map((index) => (
    <li
      key={index}
      data-index={index}
      aria-setsize={length}
      aria-posinset={index + 1}
      style={{
        width: `${side}px`,
        height: `${side}px`,
        transform: `translate(${(index % shape.columns) * (side + gap)}px, ${Math.floor(index / shape.columns) * shape.rowHeight}px)`,
      }}
      onFocusCapture={() => setCurrent(index)}
    >
      <Cell item={items[index]} tabIndex={index === active ? 0 : -1} tile={tile} />
    </li>
  ));

  return (
    // The links in it take the keys; this is where they bubble to.
    <ul
      ref={list}
      class="virtual-grid"
      aria-label={label}
      style={{ height: `${shape.height}px` }}
      onKeyDown={onKeyDown}
    >
      {tiles}
    </ul>
  );
}

/** A tile that is drawn again only when it is another or is drawn otherwise: scrolling moves the others alone. */
function Cell<T>({
  item,
  tabIndex,
  tile,
}: { item: T | undefined; tabIndex: 0 | -1 } & Pick<VirtualGridProps<T>, 'tile'>) {
  return useMemo(() => tile(item, tabIndex), [item, tabIndex, tile]);
}

/** Tiles that are made in one frame at the most: some milliseconds of work, and a row of most pages. */
const MADE_AT_ONCE = 8;
/** Milliseconds of a frame that was too long: the page, or what fetches and draws its pictures, has too much to do. */
const LONG_MS = 16;

/**
 * The indices from `start` to `end` that exist by now: those that do already, and each frame a few new ones, from the middle
 * out; half as many after a frame that took long, and one more after one that did not.
 */
function useGradually(start: number, end: number): number[] {
  const made = useRef<ReadonlySet<number>>(new Set());
  const atOnce = useRef(MADE_AT_ONCE);
  // How many this drawing may make: none but in a frame of its own, for a scroll draws several times in one.
  const allowed = useRef(MADE_AT_ONCE);
  const frame = useRef(0);
  const [, next] = useReducer((frames: number) => frames + 1, 0);
  const wanted = Array.from({ length: end - start }, (_, n) => start + n);
  const middle = (start + end) / 2;
  const missing = wanted
    .filter((index) => !made.current.has(index))
    .sort((one, other) => Math.abs(one - middle) - Math.abs(other - middle));
  const late = new Set(missing.slice(allowed.current));
  const indices = wanted.filter((index) => !late.has(index));
  const more = late.size > 0;
  useLayoutEffect(() => {
    made.current = new Set(indices);
    if (end > start) allowed.current = 0;
    if (!more || frame.current !== 0) return;
    frame.current = requestAnimationFrame(() => {
      frame.current = 0;
      allowed.current = atOnce.current;
      const began = performance.now();
      // Runs once the frame has been laid out and painted.
      setTimeout(() => {
        const isLong = performance.now() - began > LONG_MS;
        atOnce.current = isLong ? Math.ceil(atOnce.current / 2) : Math.min(MADE_AT_ONCE, atOnce.current + 1);
      });
      next(undefined);
    });
  });
  useEffect(() => () => cancelAnimationFrame(frame.current), []);
  return indices;
}

/** Pixels that the page's header covers. */
const HEADER = 64;
