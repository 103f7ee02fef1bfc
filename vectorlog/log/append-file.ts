/**
 * The file of one append, a safetensors file: 8 bytes with the length of a JSON header (little-endian), the header,
 * then the tensors. The tensor `vectors` is float32 [n, dimensions]; the records are JSON in `__metadata__`, whose values
 * the format wants to be strings. Any safetensors reader opens it.
 */

import { LikenessError } from '../errors.ts';
import { type Append, flatten, type KeyState, type LogRecord, unflatten } from './record.ts';

/** An object of the log is not an append: damaged, cut, or not written by Likeness. */
export class AppendUnreadable extends LikenessError {
  readonly retryable = false;
}

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
export function encodeAppend({ records, vectors }: Append, dimensions: number): Uint8Array {
  const rows = vectors.length / dimensions;
  const header: Header = {
    __metadata__: { format: FORMAT, records: JSON.stringify(records.map(encodeRecord)) },
    vectors: { dtype: 'F32', shape: [rows, dimensions], data_offsets: [0, vectors.byteLength] },
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
export function decodeAppend(file: Uint8Array, dimensions: number): Append {
  const { rows, records, dataStart } = decodeHeader(file, dimensions);
  if (file.byteLength !== dataStart + rows * dimensions * 4)
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

/** A record as it stands in the file: flat, as a row of the rows file. */
function encodeRecord(record: LogRecord): object {
  if (record.op === 'delete') return record;
  const { op, row, basis } = record;
  return { op, ...flatten(record), row, basis };
}

/** @param dimensions of the vectors; any number where it is left out */
function decodeHeader(file: Uint8Array, dimensions?: number) {
  const dataStart = LENGTH_BYTES + headerLength(file);
  if (file.byteLength < dataStart) throw new AppendUnreadable('the file ends within its header');
  const header = parse(file.subarray(LENGTH_BYTES, dataStart));
  const metadata = isObject(header) && isObject(header.__metadata__) ? header.__metadata__ : {};
  const tensor = isObject(header) && isObject(header.vectors) ? header.vectors : {};
  const [rows, columns] = Array.isArray(tensor.shape) ? (tensor.shape as unknown[]) : [];
  if (metadata.format !== FORMAT || typeof metadata.records !== 'string' || tensor.dtype !== 'F32')
    throw new AppendUnreadable('the header is not that of an append');
  if (!isCount(rows) || !isCount(columns) || (dimensions !== undefined && columns !== dimensions))
    throw new AppendUnreadable(`vectors of the shape ${JSON.stringify(tensor.shape)}`);
  const records = parse(Buffer.from(metadata.records));
  if (!Array.isArray(records)) throw new AppendUnreadable('its records are no array');
  return { rows, records: records.map((record) => decodeRecord(record, rows)), dataStart };
}

/** @throws AppendUnreadable */
function decodeRecord(record: unknown, rows: number): LogRecord {
  const wrong = (cause?: unknown) =>
    new AppendUnreadable(`not a record: ${JSON.stringify(record).slice(0, 80)}`, { cause });
  if (!isObject(record) || typeof record.key !== 'string') throw wrong();
  const { op, row, key, version } = record;
  if (version !== undefined && typeof version !== 'string') throw wrong();
  const basis = record.basis === undefined ? {} : { basis: record.basis as KeyState };
  if (record.basis !== undefined && !isKeyState(record.basis)) throw wrong();
  if (op === 'delete') return { op, key, version, ...basis };
  if (op !== 'put') throw wrong();
  if (!isCount(row) || row >= rows) throw new AppendUnreadable(`row ${String(row)} of ${rows}`);
  try {
    return { op, ...unflatten(record), row, ...basis };
  } catch (cause) {
    throw wrong(cause);
  }
}

function isKeyState(value: unknown): value is KeyState {
  if (!isObject(value)) return false;
  const hasVersion = value.version === undefined || typeof value.version === 'string';
  if (value.state === 'live') return hasVersion && typeof value.eTag === 'string';
  return value.state === 'absent' || (value.state === 'deleted' && hasVersion);
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function parse(json: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
  } catch (cause) {
    throw new AppendUnreadable('the header is not JSON', { cause });
  }
}

const bytesOf = (vectors: Float32Array): Uint8Array =>
  new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength);
