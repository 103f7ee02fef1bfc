/**
 * Cuts animations down to their first frame, by the structure of the file alone: later frames then cost nothing, whatever
 * is wrong with them.
 */

/** A file with its first frame alone, and how many frames it has as far as its structure can be followed. */
export interface FirstFrame {
  readonly bytes: Uint8Array;
  readonly frames: number;
}

/** GIF: what follows the first picture's last block becomes the trailer. A file without a whole first frame stays as it is. */
export function firstGifFrame(bytes: Uint8Array): FirstFrame {
  const colours = (flags: number): number => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);
  let at = 13 + colours(bytes[10] ?? 0);
  let end = 0;
  let frames = 0;
  /** Behind a row of data blocks, or -1 when the file ends within it. */
  const behindBlocks = (from: number): number => {
    let next = from;
    for (let length = bytes[next]; length !== undefined; length = bytes[next]) {
      next += 1 + length;
      if (length === 0) return next;
    }
    return -1;
  };
  while (at < bytes.length) {
    const block = bytes[at];
    if (block === 0x21) at = behindBlocks(at + 2);
    else if (block === 0x2c) at = behindBlocks(at + 11 + colours(bytes[at + 9] ?? 0));
    else break;
    if (at < 0) break;
    if (block !== 0x2c) continue;
    frames++;
    end ||= at;
  }
  if (end === 0 || end >= bytes.length - 1) return { bytes, frames };
  const cut = new Uint8Array(end + 1);
  cut.set(bytes.subarray(0, end));
  cut[end] = 0x3b;
  return { bytes: cut, frames };
}

/** WebP: keeps the chunks up to the first `ANMF`. A still picture, or a file without a whole first frame, stays as it is. */
export function firstWebpFrame(bytes: Uint8Array): FirstFrame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = 0;
  let frames = 0;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const next = at + 8 + Math.ceil(view.getUint32(at + 4, true) / 2) * 2;
    if (next > bytes.length + 1) break;
    // "ANMF"
    if (view.getUint32(at) === 0x414e4d46) {
      frames++;
      end ||= Math.min(next, bytes.length);
    }
    at = next;
  }
  if (frames < 2 && end >= bytes.length - 1) return { bytes, frames: Math.max(1, frames) };
  if (end === 0) return { bytes, frames: 1 };
  const cut = bytes.slice(0, end);
  new DataView(cut.buffer).setUint32(4, end - 8, true);
  return { bytes: cut, frames };
}
