/** Which tiles of a long grid are in view, so that only those exist. */

export interface GridShape {
  readonly columns: number;
  /** Pixels from the top of one row to the top of the next. */
  readonly rowHeight: number;
  /** Pixels of the whole grid. */
  readonly height: number;
}

export interface GridOptions {
  /** Pixels there are from side to side. */
  readonly width: number;
  /** The narrowest a tile may be. */
  readonly minTile: number;
  readonly gap: number;
}

/** Square tiles, as many in a row as fit. */
export function shapeOf(length: number, { width, minTile, gap }: GridOptions): GridShape {
  const columns = Math.max(1, Math.floor((width + gap) / (minTile + gap)));
  const rowHeight = (width - gap * (columns - 1)) / columns + gap;
  const rows = Math.ceil(length / columns);
  return { columns, rowHeight, height: Math.max(0, rows * rowHeight - gap) };
}

/** Rows above and below the view that exist too, so that scrolling does not show their making. */
const ROWS_AROUND = 3;

/** The indices in view, `end` excluded, when the view begins `top` pixels below the grid's beginning. */
export function inView(length: number, shape: GridShape, top: number, viewHeight: number) {
  const first = Math.floor(top / shape.rowHeight) - ROWS_AROUND;
  const last = Math.ceil((top + viewHeight) / shape.rowHeight) + ROWS_AROUND;
  const start = Math.min(Math.max(0, first * shape.columns), length);
  return { start, end: Math.max(start, Math.min(length, last * shape.columns)) };
}

export interface View {
  /** Pixels from the grid's beginning to the view's. */
  readonly top: number;
  readonly height: number;
}

/** Whether both views show the same rows, and so the same tiles. */
export function sameRows(one: View, other: View, shape: GridShape | undefined): boolean {
  if (!shape) return false;
  const row = (pixels: number) => Math.floor(pixels / shape.rowHeight);
  const end = ({ top, height }: View) => Math.ceil((top + height) / shape.rowHeight);
  return row(one.top) === row(other.top) && end(one) === end(other);
}

/** Where an arrow key leads from a tile; `undefined` for other keys and beyond the edge. */
export function neighbour(key: string, index: number, length: number, columns: number): number | undefined {
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
  };
  if (key === 'Home') return 0;
  if (key === 'End') return length - 1;
  const step = steps[key];
  const next = index + (step ?? 0);
  return step !== undefined && next >= 0 && next < length ? next : undefined;
}
