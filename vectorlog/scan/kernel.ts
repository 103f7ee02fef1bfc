/** The compiled kernel: its functions, and how a thread gets them over a segment's memory. */

/** The functions of assembly/kernel.ts; addresses are bytes in the memory that the kernel was made for. */
export interface Kernel {
  dotFloat(row: number, query: number): number;
  dotFloats(row: number, rows: number, query: number, out: number): void;
  dotFloats4(row: number, rows: number, queries: number, out: number, stride: number): void;
  dotCodes(row: number, rows: number, query: number, out: number): void;
  dotCodes4(row: number, rows: number, queries: number, out: number, stride: number): void;
  quantize(row: number, rows: number, codes: number, bounds: number): void;
}

/** A few kilobytes, so instantiating does not need to be asynchronous. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernel {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernel;
}
