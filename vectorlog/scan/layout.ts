/** Where things lie in a segment, one WebAssembly memory; main thread, workers and kernel agree on it here. */

/** Bytes of a page, the unit in which WebAssembly memory grows. */
export const PAGE = 65_536;

/** Rows that are one download. */
export const BLOCK_ROWS = 1024;

/** Rows that a thread takes at a time: few enough to share out evenly, and their scores stay in its cache. */
export const UNIT_ROWS = 256;

/** Queries that one pass over the rows can answer. */
export const MAX_QUERIES = 32;

/** Threads that can work on one pass; memory is the limit long before. */
export const MAX_THREADS = 16;

/** Dimensions that rows can have: multiples of 32, for the kernel's vectors, up to this. */
export const MAX_DIMENSIONS = 8192;

/** Bytes that follow a row's codes: eight float32 that bound its scores (see codes.ts). */
const BOUND_BYTES = 32;

/** Principal directions whose share in a row is kept apart from its codes: as many 16-bit integers as the kernel takes at once. */
export const DIRECTIONS = 8;

/** A share of this many steps is as long as the row: one less than the largest integer, so that rounding up fits. */
export const SHARE_STEPS = 32_766;

/** How far directions can be from unit length, and from right angles to each other and to the centre; for the proof. */
export const ANGLE_ERROR = 2 ** -22;

/** Numbers among a query's weights, float64, and bytes of each query's shares of the directions, float64 or 16-bit integers. */
export const WEIGHTS = 10;
const SHARE_BYTES = DIRECTIONS * 8;
const WEIGHT_BYTES = WEIGHTS * 8 + SHARE_BYTES;

/** Numbers among a query's weights for the sieve of several queries, float32 and one int32. */
export const SIEVE_WEIGHTS = 11;

/** What the high half of a code counts for beside its low one. */
export const HIGH_HALF = 16;

/** Stages in which the rows of a unit are sieved for several queries at once. */
export const SIEVES = ['head', 'high'] as const;

/**
 * How a row's score is looked for: by the high halves of its codes, or of its first ones alone, and coarse integers of the query;
 * by both halves and these; by both and fine integers.
 */
export const STAGES = ['head', 'high', 'whole', 'fine'] as const;
export type Stage = (typeof STAGES)[number];

/** What rows are made of. */
export interface RowShape {
  /** `float32`: the vectors themselves. `codes`: 8 bits a number and their bounds. */
  readonly kind: 'float32' | 'codes';
  readonly dimensions: number;
  /** Directions that codes keep apart: `DIRECTIONS`, or none in files of an earlier version. @default 0 */
  readonly directions?: number;
}

/** The codes of a row whose sum its record has, and the norm of the others: a quarter, whole kernel steps. No search uses these two now. */
export const quarterOf = (dimensions: number): number => (dimensions >>> 7) << 5;

/** Codes of a row that can rule it out by themselves, where the score to reach is high: three eighths, whole kernel steps. */
export const headOf = (dimensions: number): number => ((3 * dimensions) >>> 8) << 5;

/** Bytes of a row's record: codes, bounds, shares of the directions. */
export const recordBytes = (dimensions: number, directions: number): number =>
  dimensions + BOUND_BYTES + directions * 2;

/** Numbers that are rotated together: the largest power of two that divides the dimensions. */
export const rotationBlock = (dimensions: number): number => dimensions & -dimensions;

/** Coarse integers of a query that lie together, and queries that lie side by side in such tiles: the kernel reads them in one go. */
export const TILE = 32;
export const QUERY_TILES = 4;

/** Bytes from one query's line of scores to the next's. */
export const SCORE_LINE = UNIT_ROWS * 4;

const toPages = (bytes: number): number => Math.ceil(bytes / PAGE) * PAGE;

/** One page less than 4 GiB, so that no address wraps around. */
const SEGMENT_BYTES = 65_535 * PAGE;

/** Rows past the last that the kernel may read: it takes rows by fours, from any row on, and shares where there are none. */
const SPARE_ROWS = 4;

/** Addresses in a segment; row numbers are those within it. */
export class RowLayout {
  /** Bytes of a row, and of a record as it arrives. */
  readonly stride: number;
  /** Bytes from the high halves of a row's codes to the next row's; its bounds lie between. */
  readonly highStride: number;
  /** Bytes of either half of a row's codes. */
  readonly planeBytes: number;
  /** Bytes before the first row. */
  readonly headBytes: number;
  /** Rows that fit, whole blocks. */
  readonly maxRows: number;
  readonly #queries = PAGE; // The first page is the compiler's.
  readonly #fine: number;
  readonly #weights: number;
  readonly #sieves: number;
  readonly #scores: number;
  /** Where the records of a unit are laid while the unit is split. */
  readonly recordsAt: number;

  constructor(readonly shape: RowShape) {
    const { kind, dimensions, directions = 0 } = shape;
    if (dimensions % 32 > 0 || dimensions < 32 || dimensions > MAX_DIMENSIONS)
      throw new RangeError(`${dimensions} dimensions: a multiple of 32, up to ${MAX_DIMENSIONS}`);
    const coded = kind === 'codes';
    this.stride = coded ? recordBytes(dimensions, directions) : dimensions * 4;
    this.planeBytes = dimensions / 2;
    this.highStride = this.stride - this.planeBytes;
    this.#fine = this.#queries + MAX_QUERIES * (coded ? dimensions : dimensions * 4);
    this.#weights = this.#fine + (coded ? MAX_QUERIES * dimensions * 2 : 0);
    this.#sieves = this.#weights + MAX_QUERIES * STAGES.length * WEIGHT_BYTES;
    this.#scores = this.#sieves + MAX_QUERIES * SIEVES.length * SIEVE_WEIGHTS * 4;
    this.recordsAt = this.#scores + (MAX_THREADS + 1) * (MAX_QUERIES + 1) * SCORE_LINE;
    this.headBytes = toPages(this.recordsAt + (coded ? UNIT_ROWS * this.stride : 0));
    const rows = Math.floor((SEGMENT_BYTES - this.headBytes) / this.stride) - SPARE_ROWS;
    this.maxRows = Math.floor(rows / BLOCK_ROWS) * BLOCK_ROWS;
  }

  /** Bytes of a segment with `rows` rows. */
  bytesFor(rows: number): number {
    // The low halves of a unit lie behind all its high ones.
    const whole = this.shape.kind === 'codes' ? Math.ceil(rows / UNIT_ROWS) * UNIT_ROWS : rows;
    return toPages(this.headBytes + (whole + SPARE_ROWS) * this.stride);
  }

  /** Where a row's bytes arrive; those of float32 stay there. */
  rowAt(row: number): number {
    return this.headBytes + row * this.stride;
  }

  /** The high halves of a row's codes: those of a unit lie together, each row's bounds behind its own. */
  highAt(row: number): number {
    const inUnit = row % UNIT_ROWS;
    return this.rowAt(row - inUnit) + inUnit * this.highStride;
  }

  /** The low halves of a row's codes, behind the high ones of its unit. */
  lowAt(row: number): number {
    const inUnit = row % UNIT_ROWS;
    return this.rowAt(row - inUnit) + UNIT_ROWS * this.highStride + inUnit * this.planeBytes;
  }

  /** A row's bounds. */
  boundsAt(row: number): number {
    return this.highAt(row) + this.planeBytes;
  }

  /**
   * The `i`th query: float32, or where rows are codes the first `TILE` of its coarse integers; the others follow `QUERY_TILES`
   * tiles on, each behind the same ones of the queries before it.
   */
  queryAt(i: number): number {
    if (this.shape.kind === 'float32') return this.#queries + i * this.stride;
    const beside = i % QUERY_TILES;
    return this.#queries + (i - beside) * this.shape.dimensions + beside * TILE;
  }

  /** The `i`th query as 16-bit integers; only where rows are codes. */
  fineQueryAt(i: number): number {
    return this.#fine + i * this.shape.dimensions * 2;
  }

  /** The first of the `i`th query's weights in a stage, the next `QUERY_TILES` float64 on; only where rows are codes. */
  weightsAt(i: number, stage: Stage): number {
    return this.#stageAt(i, stage) + (i % QUERY_TILES) * 8;
  }

  /** The first of the `i`th query's weights for a sieve, the next `QUERY_TILES` numbers on; only where rows are codes. */
  sieveAt(i: number, stage: (typeof SIEVES)[number]): number {
    const group = Math.floor(i / QUERY_TILES) * SIEVES.length + SIEVES.indexOf(stage);
    return this.#sieves + (group * SIEVE_WEIGHTS * QUERY_TILES + (i % QUERY_TILES)) * 4;
  }

  /** The `i`th query's shares in a stage; only where rows are codes. */
  sharesAt(i: number, stage: Stage): number {
    return this.#stageAt(i, stage) + QUERY_TILES * WEIGHTS * 8 + (i % QUERY_TILES) * SHARE_BYTES;
  }

  /** A thread's place for scores: a line for each query, and one more for row numbers; thread 0 is the main one. */
  scoresAt(thread: number): number {
    return this.#scores + thread * (MAX_QUERIES + 1) * SCORE_LINE;
  }

  /** What the queries that are multiplied together have in a stage. */
  #stageAt(i: number, stage: Stage): number {
    const group = Math.floor(i / QUERY_TILES) * STAGES.length + STAGES.indexOf(stage);
    return this.#weights + group * QUERY_TILES * WEIGHT_BYTES;
  }
}
