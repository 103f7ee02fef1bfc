/** HEIC files, by heif-enc of Debian's libheif-examples: no package writes any. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether there is a heif-enc; says so where there is none. */
export function hasHeifEnc(): boolean {
  try {
    execFileSync('heif-enc', ['--help'], { stdio: 'ignore' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return true;
    console.warn('HEIC files are not tried: there is no heif-enc (apt-get install libheif-examples)');
    return false;
  }
}

/** A HEIC file of what is in a JPEG, EXIF and colour profile included. */
export function heicOf(jpeg: Uint8Array): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'likeness-heic-'));
  try {
    const [from, to] = [join(folder, 'in.jpg'), join(folder, 'out.heic')];
    writeFileSync(from, jpeg);
    execFileSync('heif-enc', ['-q', '98', '-p', 'chroma=444', '-o', to, from], { stdio: 'ignore' });
    return readFileSync(to);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A quarter turn clockwise, as telephones write it: in a box, beside an EXIF orientation that says the same. */
export function turnedHeic(heic: Buffer): Buffer {
  // Turns are counted counter-clockwise.
  const turn = Buffer.from([0, 0, 0, 9, ...Buffer.from('irot'), 3]);
  const at = (type: string): number => heic.indexOf(type, 0, 'latin1') - 4;
  const [properties, uses, places] = [at('ipco'), at('ipma'), at('iloc')];
  const endOfProperties = properties + heic.readUInt32BE(properties);

  let index = 1;
  for (let box = properties + 8; box < endOfProperties; box += heic.readUInt32BE(box)) index++;
  // The first item is the picture: its id, a count, and a byte for each property.
  const count = uses + 18;
  const endOfUses = count + 1 + heic[count]!;
  const parts = [
    heic.subarray(0, endOfProperties),
    turn,
    heic.subarray(endOfProperties, endOfUses),
    Buffer.of(0x80 | index),
    heic.subarray(endOfUses),
  ];
  const grown = turn.length + 1;
  const turned = Buffer.concat(parts);
  turned[count + turn.length]!++;
  const grow = (box: number, bytes: number) => turned.writeUInt32BE(turned.readUInt32BE(box) + bytes, box);
  grow(properties, turn.length);
  grow(uses + turn.length, 1);
  grow(at('iprp'), grown);
  grow(at('meta'), grown);

  const version = turned[places + 8]!;
  const offsetBytes = turned[places + 12]! >> 4;
  const lengthBytes = turned[places + 12]! & 15;
  const baseBytes = turned[places + 13]! >> 4;
  const items = turned.readUInt16BE(places + 14);
  if (offsetBytes !== 4 || version > 1) throw new Error('places of another form');
  for (let item = places + 16, i = 0; i < items; i++) {
    const extents = item + (version === 1 ? 6 : 4) + baseBytes;
    const n = turned.readUInt16BE(extents);
    for (let e = 0; e < n; e++) grow(extents + 2 + e * (4 + lengthBytes), grown);
    item = extents + 2 + n * (4 + lengthBytes);
  }
  return turned;
}
