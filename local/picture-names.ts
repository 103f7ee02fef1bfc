/** Which files of a folder are pictures of the library, told by their names alone. */

import { extname, sep } from 'node:path';

/**
 * What a name with each ending promises. A folder of photos also holds videos, notes and side files; those are left
 * alone, while a file that is called a picture and cannot be read is reported to its owner. Some of these cannot be
 * read here (HEIC needs a licence, BMP and JPEG XL a library): their owner is told, rather than left to wonder.
 */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.jpe': 'image/jpeg',
  '.jfif': 'image/jpeg',
  '.png': 'image/png',
  '.apng': 'image/png',
  '.webp': 'image/webp',
  '.gif': 'image/gif',
  '.avif': 'image/avif',
  '.tif': 'image/tiff',
  '.tiff': 'image/tiff',
  '.svg': 'image/svg+xml',
  '.bmp': 'image/bmp',
  '.heic': 'image/heic',
  '.heif': 'image/heif',
  '.jxl': 'image/jxl',
};

/** The type of image that a name promises; `undefined` when it promises none. */
export const pictureType = (name: string): string | undefined => CONTENT_TYPES[extname(name).toLowerCase()];

/** What a key must look like to be told to someone who chose another one. */
export const KEY_RULE =
  'On one machine a key is a path inside the folder: no empty, "." or ".." parts, none that begins with a dot, ' +
  `and an ending such as ${Object.keys(CONTENT_TYPES).slice(0, 7).join(', ')}.`;

/** Whether a file of this key belongs to the library: inside the folder, not hidden, and called a picture. */
export function isPictureKey(key: string): boolean {
  return (
    pictureType(key) !== undefined &&
    !key.includes('\\') &&
    !key.includes('\0') &&
    key.split('/').every((part) => part !== '' && !part.startsWith('.'))
  );
}

/** The key of a file, from its path relative to the folder. */
export const keyOfPath = (relativePath: string): string => relativePath.split(sep).join('/');
