/** Which files of a folder are pictures of the library, told by their names alone. */

import { sep } from 'node:path';
import { PICTURE_ENDINGS, pictureType } from '../pictures/picture-names.ts';
import { STORE_LIMITS } from '../vectorlog/store/limits.ts';

/** What a key must look like to be told to someone who chose another one. */
export const KEY_RULE =
  'On one machine a key is a path inside the folder: no empty, "." or ".." parts, none that begins with a dot, ' +
  `and an ending such as ${PICTURE_ENDINGS.slice(0, 7).join(', ')}.`;

/** Whether a file of this key belongs to the library: inside the folder, not hidden, and called a picture. */
export function isPictureKey(key: string): boolean {
  return (
    pictureType(key) !== undefined &&
    Buffer.byteLength(key) <= STORE_LIMITS.maxKeyBytes &&
    !key.includes('\\') &&
    !key.includes('\0') &&
    key.split('/').every((part) => part !== '' && !part.startsWith('.'))
  );
}

/** The key of a file, from its path relative to the folder. */
export const keyOfPath = (relativePath: string): string => relativePath.split(sep).join('/');
