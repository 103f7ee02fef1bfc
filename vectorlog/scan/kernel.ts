/** The kernels' functions, and how a thread gets them over a segment's memory. */

/** The functions of assembly/kernel.ts; addresses are bytes in the memory that the kernel was made for. */
export interface Kernel {
  dotFloat(row: number, query: number, bytes: number): number;
  dotFloats(row: number, rows: number, bytes: number, query: number, out: number): void;
  dotFloats4(row: number, rows: number, bytes: number, queries: number, out: number, line: number): void;
  split(
    records: number,
    rows: number,
    stride: number,
    dimensions: number,
    head: number,
    high: number,
    low: number,
  ): void;
  siftHigh(
    row: number,
    rows: number,
    stride: number,
    bytes: number,
    query: number,
    products: number,
    weights: number,
    shares: number,
    threshold: number,
    out: number,
  ): number;
  siftBoth(
    row: number,
    rows: number,
    stride: number,
    low: number,
    bytes: number,
    query: number,
    products: number,
    weights: number,
    shares: number,
    threshold: number,
    out: number,
  ): number;
  dotHigh4(row: number, rows: number, stride: number, bytes: number, queries: number, out: number): void;
  dotMore(
    numbers: number,
    count: number,
    plane: number,
    stride: number,
    start: number,
    end: number,
    query: number,
    products: number,
    step: number,
    factor: number,
  ): void;
  judge(
    numbers: number,
    count: number,
    high: number,
    stride: number,
    low: number,
    bytes: number,
    query: number,
    weights: number,
    shares: number,
    out: number,
  ): void;
  sift(
    products: number,
    step: number,
    numbers: number,
    rows: number,
    bounds: number,
    stride: number,
    low: number,
    weights: number,
    shares: number,
    threshold: number,
    out: number,
  ): number;
  sift4(
    products: number,
    rows: number,
    bounds: number,
    stride: number,
    low: number,
    weights: number,
    shares: number,
    thresholds: number,
    out: number,
    line: number,
    counts: number,
  ): void;
}

/** The functions of assembly/encoder.ts, over a memory of its own. */
export interface Encoder {
  readonly memory: WebAssembly.Memory;
  dotWide(a: number, b: number, dimensions: number): number;
  encodeRow(
    row: number,
    centre: number,
    centreSquares: number,
    dimensions: number,
    block: number,
    head: number,
    directions: number,
    count: number,
    scratch: number,
    record: number,
  ): void;
  rotateQuery(
    query: number,
    centre: number,
    share: number,
    dimensions: number,
    block: number,
    directions: number,
    count: number,
    rotated: number,
    sums: number,
  ): void;
  roundQuery(
    rotated: number,
    start: number,
    end: number,
    fineStep: number,
    coarseStep: number,
    fine: number,
    coarse: number,
    sums: number,
  ): void;
}

/** A few kilobytes, so instantiating does not need to be asynchronous. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernel {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernel;
}
