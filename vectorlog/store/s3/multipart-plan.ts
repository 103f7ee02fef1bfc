/** Cuts the pieces of a composed object into the parts of a multipart upload, none of them too small or too large. */

import { STORE_LIMITS } from '../limits.ts';
import { type ByteRange, type ComposePart, rangeLength } from '../object-store.ts';

/** A range of an object that exists. */
export type CopyPiece = Exclude<ComposePart, Uint8Array>;

/** A part whose bytes are sent: new bytes, and ranges too small to be copied, which are read first. */
export interface UploadedPart {
  /** `whole` when there is no other part: the object is so small that it needs no multipart upload. */
  readonly kind: 'upload' | 'whole';
  readonly pieces: readonly ComposePart[];
  /** Bytes. */
  readonly size: number;
}

/** A part that is copied inside the store. */
export interface CopiedPart {
  readonly kind: 'copy';
  readonly source: CopyPiece;
  /** Bytes. */
  readonly size: number;
}

export type PlannedPart = UploadedPart | CopiedPart;

/** Parts after which the size of the next ones doubles. */
const PARTS_OF_ONE_SIZE = 1_000;

/** Most parts that one copied range is cut into. */
const MAX_COPIES_OF_RANGE = 1_000;

/**
 * Bytes of an uploaded part, by the number of parts before it. The length of a streamed object is not known before its
 * end; doubling reaches S3's largest object within its 10,000 parts and starts with small ones in memory.
 */
export const uploadPartBytes = (before: number): number =>
  Math.min(
    STORE_LIMITS.uploadPartBytes * 2 ** Math.floor(before / PARTS_OF_ONE_SIZE),
    STORE_LIMITS.maxPartBytes,
  );

/**
 * Plans part by part, drawing pieces as they are needed. Every part but the last has at least 5 MiB: bytes too few for
 * a part take what they lack from the copied range that follows. New bytes are copied, so their buffer may be used
 * again once the next piece is drawn; what is planned and not yet sent is all that is in memory.
 */
export async function* planParts(
  pieces: Iterable<ComposePart> | AsyncIterable<ComposePart>,
): AsyncGenerator<PlannedPart, void, void> {
  const { minPartBytes } = STORE_LIMITS;
  let waiting: ComposePart[] = [];
  let size = 0;
  let planned = 0;

  const wait = (piece: ComposePart) => {
    waiting.push(piece);
    size += lengthOf(piece);
  };
  const flush = (kind: UploadedPart['kind'] = 'upload'): UploadedPart => {
    const part: UploadedPart = { kind, pieces: waiting, size };
    waiting = [];
    size = 0;
    planned++;
    return part;
  };

  for await (const piece of pieces) {
    if (piece instanceof Uint8Array) {
      for (let from = 0; from < piece.byteLength; ) {
        const to = Math.min(piece.byteLength, from + uploadPartBytes(planned) - size);
        wait(piece.slice(from, to));
        from = to;
        if (size >= uploadPartBytes(planned)) yield flush();
      }
      continue;
    }
    let { start } = piece.range;
    const { end } = piece.range;
    if (size > 0) {
      const lacking = Math.min(Math.max(minPartBytes - size, 0), end - start);
      if (lacking > 0) wait({ ...piece, range: { start, end: start + lacking } });
      start += lacking;
      if (size >= minPartBytes) yield flush();
    }
    const rest = { ...piece, range: { start, end } };
    // S3 copies ranges only of objects above 5 MiB, so a smaller range is read even where it would be the last part.
    if (end - start > minPartBytes) {
      for (const part of cutCopy(rest)) {
        planned++;
        yield part;
      }
    } else if (end > start) wait(rest);
  }

  if (planned === 0) yield flush('whole');
  else if (size > 0) yield flush();
}

/** Even parts of a range of more than 5 MiB. */
function cutCopy(piece: CopyPiece): CopiedPart[] {
  const length = rangeLength(piece.range);
  const count = Math.min(Math.ceil(length / STORE_LIMITS.copyPartBytes), MAX_COPIES_OF_RANGE);
  const step = Math.ceil(length / count);
  return Array.from({ length: count }, (_, i) => {
    const start = piece.range.start + i * step;
    const range: ByteRange = { start, end: Math.min(start + step, piece.range.end) };
    return { kind: 'copy', source: { ...piece, range }, size: rangeLength(range) };
  });
}

const lengthOf = (piece: ComposePart): number =>
  piece instanceof Uint8Array ? piece.byteLength : rangeLength(piece.range);
