/**
 * The JSON of a PutVectors, written by hand: its numbers are nearly all that a projection costs, and the SDK takes three
 * times as long for them.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_S3VectorBuckets_PutVectors.html
 */

import { type FarRow, LINE } from './far-index.ts';

/** Digits of a component: those that a float32 is told by. JavaScript prints up to 17, and 500 rows would be 22 MB. */
const DIGITS = 9;
/** Characters of a component at the most, its comma included. */
export const COMPONENT_BYTES = 17;

/** The body of a request that puts `rows` into the index with this ARN. */
export function putBody(index: string, rows: readonly FarRow[]): Uint8Array {
  const frames = rows.map(({ name, filterable, line, vector }) => ({
    head: Buffer.from(`{"key":${JSON.stringify(name)},"data":{"float32":[`),
    tail: Buffer.from(`]},"metadata":${JSON.stringify({ ...filterable, [LINE]: line })}}`),
    vector,
  }));
  const head = Buffer.from(`{"indexArn":${JSON.stringify(index)},"vectors":[`);
  const room = frames.reduce(
    (sum, frame) => sum + frame.head.length + frame.tail.length + frame.vector.length * COMPONENT_BYTES + 1,
    head.length + 2,
  );
  const body = Buffer.allocUnsafe(room);
  let at = head.copy(body);
  for (const frame of frames) {
    at += frame.head.copy(body, at);
    at = writeVector(body, at, frame.vector);
    at += frame.tail.copy(body, at);
    body[at++] = COMMA;
  }
  // In place of the last comma.
  at += body.write(']}', at - 1) - 1;
  return body.subarray(0, at);
}

const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const SMALL_E = 0x65;

/** The powers of ten by which a component becomes a whole number of nine digits, and that are exact as float64. */
const POWERS = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);
const LEAST = 10 ** (DIGITS - 1);

/** The digits of 000 to 999. */
const TRIPLES = Buffer.from(Array.from({ length: 1_000 }, (_, n) => String(n).padStart(3, '0')).join(''));

/** Writes components with commas between, as whole numbers and powers of ten. @returns where they end */
function writeVector(body: Buffer, start: number, vector: Float32Array): number {
  let at = start;
  for (let i = 0; i < vector.length; i++) {
    const component = vector[i]!;
    const size = Math.abs(component);
    if (component < 0) body[at++] = MINUS;
    let places = DIGITS - 1;
    for (let scaled = size; scaled < 1 && places < POWERS.length; scaled *= 10) places++;
    const digits = places < POWERS.length ? Math.round(size * POWERS[places]!) : 0;
    if (digits >= LEAST && digits < 10 * LEAST) at = writeNumber(body, at, digits, places);
    // Zero, what is next to it, and what no unit vector has.
    else at += body.write(String(Number(size.toPrecision(DIGITS))), at, 'latin1');
    body[at++] = COMMA;
  }
  return at - 1;
}

/** Writes nine digits and how many of them are behind the point. */
function writeNumber(body: Buffer, start: number, digits: number, places: number): number {
  const millions = (digits / 1_000_000) | 0;
  const thousands = ((digits / 1_000) | 0) - 1_000 * millions;
  writeTriple(body, start, millions);
  writeTriple(body, start + 3, thousands);
  writeTriple(body, start + 6, digits - 1_000 * (1_000 * millions + thousands));
  let at = start + DIGITS;
  body[at++] = SMALL_E;
  body[at++] = MINUS;
  if (places >= 10) body[at++] = ZERO + ((places / 10) | 0);
  body[at++] = ZERO + (places % 10);
  return at;
}

function writeTriple(body: Buffer, at: number, number: number): void {
  body[at] = TRIPLES[3 * number]!;
  body[at + 1] = TRIPLES[3 * number + 1]!;
  body[at + 2] = TRIPLES[3 * number + 2]!;
}
