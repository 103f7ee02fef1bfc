/**
 * Content type and metadata of objects, which files cannot carry: one small file in the side folder for each object
 * that has any. Its name holds the eTag, so that it belongs to one state of the object and no other: it is written
 * before the object appears and can never describe the one that was there before.
 */

import { createHash } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { normalMetadata, type PutOptions } from '../object-store.ts';
import { unlessAbsent, writeAll } from './file-access.ts';
import { removeFile, syncFolder } from './writing.ts';

export interface Notes {
  readonly contentType: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

/** What is said of an object that has no notes. */
export const NO_NOTES: Notes = { contentType: undefined, metadata: {} };

export class NoteBook {
  constructor(readonly folder: string) {}

  /** `undefined` when there are none, or none any more. */
  async read(key: string, eTag: string): Promise<Notes | undefined> {
    const text = await unlessAbsent(readFile(this.#path(key, eTag), 'utf8'));
    if (text === undefined) return undefined;
    const { contentType, metadata } = JSON.parse(text) as PutOptions;
    return { contentType, metadata: metadata ?? {} };
  }

  /** Writes what there is to write, durably. */
  async write(key: string, eTag: string, { contentType, metadata }: PutOptions): Promise<void> {
    if (contentType === undefined && (metadata === undefined || Object.keys(metadata).length === 0)) return;
    const text = JSON.stringify({ key, contentType, metadata: normalMetadata(metadata) });
    const handle = await open(this.#path(key, eTag), 'w');
    try {
      await writeAll(handle, Buffer.from(text), 0);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await syncFolder(this.folder);
  }

  async remove(key: string, eTag: string): Promise<void> {
    await removeFile(this.#path(key, eTag));
  }

  #path(key: string, eTag: string): string {
    return join(this.folder, `${createHash('sha256').update(key).digest('hex')}-${eTag}.json`);
  }
}
