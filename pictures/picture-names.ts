/** Which names promise a picture, and which objects of a bucket therefore belong to an index. */

import { extname } from 'node:path';

/**
 * What a name with each ending promises. A folder or a bucket of photos also holds videos, notes and side files; those
 * are left alone, while a file that is called a picture and cannot be read is reported to its owner. Some of these
 * cannot be read here without a package that the user adds (HEIC, BMP, JPEG XL, PSD): their owner is told, rather than left to wonder.
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
  '.hif': 'image/heif',
  '.avifs': 'image/avif',
  '.mpo': 'image/jpeg',
  '.dng': 'image/x-adobe-dng',
  '.nef': 'image/x-nikon-nef',
  '.nrw': 'image/x-nikon-nrw',
  '.cr2': 'image/x-canon-cr2',
  '.cr3': 'image/x-canon-cr3',
  '.arw': 'image/x-sony-arw',
  '.raf': 'image/x-fuji-raf',
  '.rw2': 'image/x-panasonic-rw2',
  '.orf': 'image/x-olympus-orf',
  '.pef': 'image/x-pentax-pef',
  '.srw': 'image/x-samsung-srw',
  '.x3f': 'image/x-sigma-x3f',
  '.ico': 'image/x-icon',
  '.psd': 'image/vnd.adobe.photoshop',
  '.jp2': 'image/jp2',
  '.jxl': 'image/jxl',
  '.jxr': 'image/jxr',
};

/** The endings of all names that promise a picture, with their dots, in lower case. */
export const PICTURE_ENDINGS: readonly string[] = Object.keys(CONTENT_TYPES);

/** The type of image that a name promises; `undefined` when it promises none. */
export const pictureType = (name: string): string | undefined => CONTENT_TYPES[extname(name).toLowerCase()];

/** What of a bucket belongs to the index. */
export interface PictureFilter {
  /** Keys begin with it; empty for the whole bucket. */
  readonly prefix: string;
  /** Keys end with one of these, in any case; `all` takes every key. */
  readonly endings: readonly string[] | 'all';
}

/** The whole bucket, and what is called a picture in it. */
export const DEFAULT_FILTER: PictureFilter = { prefix: '', endings: PICTURE_ENDINGS };

/** Whether a key belongs to the index, by its name alone. */
export function belongs(key: string, { prefix, endings }: PictureFilter): boolean {
  if (!key.startsWith(prefix)) return false;
  if (endings === 'all') return true;
  const name = key.toLowerCase();
  return endings.some((ending) => name.endsWith(ending.toLowerCase()));
}

/** Endings as a person or an environment variable writes them: `all`, or `.jpg,.png` with commas between. */
export const parseEndings = (text: string): PictureFilter['endings'] =>
  text === 'all'
    ? 'all'
    : text
        .split(',')
        .map((ending) => ending.trim())
        .filter(Boolean);

/** The inverse of `parseEndings`. */
export const formatEndings = (endings: PictureFilter['endings']): string =>
  endings === 'all' ? 'all' : endings.join(',');
