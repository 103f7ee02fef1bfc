/**
 * The file of one append, a safetensors file: 8 bytes with the length of a JSON header (little-endian), the header,
 * then the tensors. The tensor `vectors` is float32 [n, 2048]; the records are JSON in `__metadata__`, whose values
 * the format wants to be strings. Any safetensors reader opens it.
 */

import { DIMENSIONS, ROW_BYTES } from '../dimensions.ts';
import { AppendUnreadable } from './errors.ts';
import type { Append, LogRecord } from './record.ts';

/** What `__metadata__.format` says. */
const FORMAT = 'likeness-append-1';
const LENGTH_BYTES = 8;
/** Tensors begin at a multiple of this, as the format recommends. */
const ALIGNMENT = 8;
/** Far more than the records of any batch take; a header that claims more is no header. */
const MAX_HEADER_BYTES = 64 * 1024 * 1024;

interface Header {
  readonly __metadata__: { readonly format: string; readonly records: string };
  readonly vectors: {
    readonly dtype: 'F32';
    readonly shape: readonly [number, number];
    readonly data_offsets: readonly [number, number];
  };
}

/** Writes an append as a safetensors file. */
export function encodeAppend({ records, vectors }: Append): Uint8Array {
  const rows = vectors.length / DIMENSIONS;
  const header: Header = {
    __metadata__: { format: FORMAT, records: JSON.stringify(records) },
    vectors: { dtype: 'F32', shape: [rows, DIMENSIONS], data_offsets: [0, vectors.byteLength] },
  };
  const json = Buffer.from(JSON.stringify(header));
  const headerBytes = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT;

  const file = new Uint8Array(LENGTH_BYTES + headerBytes + vectors.byteLength);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.fill(0x20, LENGTH_BYTES, LENGTH_BYTES + headerBytes);
  file.set(json, LENGTH_BYTES);
  file.set(bytesOf(vectors), LENGTH_BYTES + headerBytes);
  return file;
}

/**
 * Reads a file that `encodeAppend` wrote.
 *
 * @throws AppendUnreadable when it is not such a file, is cut, or its parts contradict each other
 */
export function decodeAppend(file: Uint8Array): Append {
  const { header, records, dataStart } = decodeHeader(file);
  const [rows] = header.vectors.shape;
  if (file.byteLength !== dataStart + rows * ROW_BYTES)
    throw new AppendUnreadable(`the file has ${file.byteLength} bytes and not those of ${rows} vectors`);
  // A copy: the file lies anywhere in memory, and float32 wants to lie at a multiple of 4.
  return { records, vectors: new Float32Array(file.slice(dataStart).buffer) };
}

/** The bytes of the header by the first 8 bytes of a file. @throws AppendUnreadable */
export function headerLength(start: Uint8Array): number {
  if (start.byteLength < LENGTH_BYTES) throw new AppendUnreadable('the file is shorter than its first field');
  const length = new DataView(start.buffer, start.byteOffset, LENGTH_BYTES).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) throw new AppendUnreadable(`a header of ${length} bytes`);
  return Number(length);
}

/** Reads the records from the beginning of a file, without the vectors. @throws AppendUnreadable */
export const decodeRecords = (start: Uint8Array): readonly LogRecord[] => decodeHeader(start).records;

function decodeHeader(file: Uint8Array) {
  const dataStart = LENGTH_BYTES + headerLength(file);
  if (file.byteLength < dataStart) throw new AppendUnreadable('the file ends within its header');
  const header = parse<Header>(file.subarray(LENGTH_BYTES, dataStart));
  const { shape, dtype } = header.vectors ?? {};
  if (header.__metadata__?.format !== FORMAT || dtype !== 'F32' || shape?.[1] !== DIMENSIONS)
    throw new AppendUnreadable('the header is not that of an append');
  const records = parse<LogRecord[]>(Buffer.from(header.__metadata__.records));
  for (const record of records)
    if (record.op === 'put' && !(record.row >= 0 && record.row < shape[0]))
      throw new AppendUnreadable(`row ${record.row} of ${shape[0]}`);
  return { header, records, dataStart };
}

function parse<T>(json: Uint8Array): T {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json)) as T;
  } catch (cause) {
    throw new AppendUnreadable('the header is not JSON', { cause });
  }
}

const bytesOf = (vectors: Float32Array): Uint8Array =>
  new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength);
