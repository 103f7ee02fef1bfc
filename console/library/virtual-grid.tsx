/** A grid of any length that scrolls with the page and holds only the tiles in view. */

import './virtual-grid.css';
import type { ComponentChildren, RefObject } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { useGradually } from './gradually.ts';
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

  /** Whether there is a tile that has taken the focus. */
  const focusOn = (index: number): boolean => {
    const element = list.current!.querySelector<HTMLElement>(`[data-index="${index}"] [data-tile]`);
    element?.focus({ preventScroll: true });
    return element !== null && element === document.activeElement;
  };

  const goTo = (next: number) => {
    setCurrent(next);
    // A tile far away does not exist until the page has scrolled to it.
    const top = scrollY + list.current!.getBoundingClientRect().top;
    const row = top + Math.floor(next / shape.columns) * shape.rowHeight;
    if (row < scrollY + HEADER || row + side > scrollY + innerHeight) {
      scrollTo({ top: Math.max(0, row - innerHeight / 3) });
    }
    focusNext.current = !focusOn(next);
  };

  if (reveal) reveal.current = goTo;

  // Read before this drawing: one that takes the list's tab stop away takes the focus with it.
  const waits = list.current !== null && document.activeElement === list.current;
  // Before the paint, and so before the next key: it would go to a tile that is there no more.
  useLayoutEffect(() => {
    if (!focusNext.current && !waits) return;
    focusNext.current = false;
    // Until the picture of a tile is known, the list has the focus for it and hears the keys.
    if (!focusOn(active)) list.current!.focus({ preventScroll: true });
  });

  // The tile of the tab stop exists wherever it is: the focus would be lost with it.
  const indices = useGradually(start, end, width > 0 && active >= 0 ? active : undefined);

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
      tabIndex={items[active] === undefined ? 0 : undefined}
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

/** Pixels that the page's header covers. */
const HEADER = 64;
