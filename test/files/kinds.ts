/** Every kind of file that people have: how to make one, and what must become of it. docs/formats.md is written from here. */

import type { FileKind } from './file-kind.ts';
import { OTHER_KINDS } from './kinds-others.ts';
import { PHOTO_KINDS } from './kinds-photo.ts';
import { RAW_KINDS } from './kinds-raw.ts';
import { TIFF_KINDS } from './kinds-tiff.ts';

export const KINDS: readonly FileKind[] = [...PHOTO_KINDS, ...TIFF_KINDS, ...RAW_KINDS, ...OTHER_KINDS];
