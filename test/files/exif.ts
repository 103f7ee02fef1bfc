/** EXIF orientations: written into a JPEG, and carried out on pixels. */

import { MadePicture } from './made-picture.ts';
import { tiffFile } from './tiff.ts';

/** A JPEG with this orientation in its EXIF. */
export function withOrientation(jpeg: Buffer, orientation: number): Buffer {
  const exif = Buffer.concat([
    Buffer.from('Exif\0\0', 'latin1'),
    tiffFile([{ entries: [[0x112, 'short', [orientation]]] }], { order: 'MM' }),
  ]);
  const head = Buffer.of(0xff, 0xe1, 0, 0);
  head.writeUInt16BE(exif.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), head, exif, jpeg.subarray(2)]);
}

/** What is seen of a picture that is stored with this orientation, pixel by pixel as EXIF defines it. */
export function turned({ rgb, width, height }: MadePicture, orientation: number): MadePicture {
  const swaps = orientation >= 5;
  const size = swaps ? { width: height, height: width } : { width, height };
  const seen = Buffer.alloc(rgb.length);
  for (let y = 0; y < size.height; y++)
    for (let x = 0; x < size.width; x++) {
      const [column, row] = {
        1: [x, y],
        2: [width - 1 - x, y],
        3: [width - 1 - x, height - 1 - y],
        4: [x, height - 1 - y],
        5: [y, x],
        6: [y, height - 1 - x],
        7: [width - 1 - y, height - 1 - x],
        8: [width - 1 - y, x],
      }[orientation] as [number, number];
      rgb.copy(seen, (y * size.width + x) * 3, (row * width + column) * 3, (row * width + column) * 3 + 3);
    }
  return MadePicture.ofPixels(seen, size);
}
