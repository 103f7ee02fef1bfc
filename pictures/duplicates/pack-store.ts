/** Many small values in few objects: fingerprints and verdicts, found by ids of 16 bytes. */

import type { Clock } from '../../vectorlog/clock.ts';
import { mapInParallel } from '../../vectorlog/parallel.ts';
import { ObjectNotFound } from '../../vectorlog/store/errors.ts';
import type { ObjectStore } from '../../vectorlog/store/object-store.ts';

export interface PackEntry {
  /** 32 hex digits. */
  readonly id: string;
  readonly value: Uint8Array;
}

const MAGIC = 0x314b504c;
const HEAD_BYTES = 8;
const ENTRY_BYTES = 20;
/** Packs above which they are written as one, so that a listing stays short. */
const MAX_PACKS = 48;
/** Bytes of one merged pack. */
const MAX_MERGED_BYTES = 64 * 1024 * 1024;
/** Packs that are read side by side. */
const READS_AT_ONCE = 8;

/** A head, then id and length of each entry, then the values. */
function encodePack(entries: readonly PackEntry[]): Buffer {
  const head = Buffer.alloc(HEAD_BYTES + entries.length * ENTRY_BYTES);
  head.writeUInt32LE(MAGIC, 0);
  head.writeUInt32LE(entries.length, 4);
  for (const [i, { id, value }] of entries.entries()) {
    head.write(id, HEAD_BYTES + i * ENTRY_BYTES, 'hex');
    head.writeUInt32LE(value.length, HEAD_BYTES + i * ENTRY_BYTES + 16);
  }
  return Buffer.concat([head, ...entries.map(({ value }) => value)]);
}

/** The entries of a pack; none when the bytes are no whole pack: what it held is then made again. */
function decodePack(bytes: Uint8Array): PackEntry[] {
  const pack = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (pack.length < HEAD_BYTES || pack.readUInt32LE(0) !== MAGIC) return [];
  const count = pack.readUInt32LE(4);
  let at = HEAD_BYTES + count * ENTRY_BYTES;
  const entries: PackEntry[] = [];
  for (let i = 0; i < count; i++) {
    const entry = HEAD_BYTES + i * ENTRY_BYTES;
    if (entry + ENTRY_BYTES > pack.length) return [];
    const end = at + pack.readUInt32LE(entry + 16);
    if (end > pack.length) return [];
    entries.push({ id: pack.toString('hex', entry, entry + 16), value: pack.subarray(at, end) });
    at = end;
  }
  return entries;
}

/**
 * Values never change under their id, so packs can be merged, lost and written twice without harm: they only save work.
 *
 * @example
 * const fingerprints = new PackStore(index, 'fingerprints/', clock);
 * await fingerprints.refresh();
 * const known = fingerprints.get(id);
 */
export class PackStore {
  readonly #values = new Map<string, Uint8Array>();
  readonly #read = new Set<string>();
  /** Packs of the family that other versions of the software wrote. */
  #outdated: string[] = [];
  #fresh: PackEntry[] = [];

  /** @param family a prefix above, whose packs outside of `prefix` are not read, and go with the next flush that writes */
  constructor(
    private readonly store: ObjectStore,
    private readonly prefix: string,
    private readonly clock: Pick<Clock, 'ulid'>,
    private readonly family = prefix,
  ) {}

  get size(): number {
    return this.#values.size;
  }

  /** Reads the packs that came since. */
  async refresh(): Promise<void> {
    const names: string[] = [];
    for await (const page of this.store.list({ prefix: this.family }))
      names.push(...page.map(({ key }) => key));
    this.#outdated = names.filter((name) => !name.startsWith(this.prefix));
    const unread = names.filter((name) => name.startsWith(this.prefix) && !this.#read.has(name));
    await mapInParallel(READS_AT_ONCE, unread, (name) => this.#readPack(name));
  }

  get(id: string): Uint8Array | undefined {
    return this.#values.get(id);
  }

  /** Remembers a value; `flush` writes it. */
  add(id: string, value: Uint8Array): void {
    if (this.#values.has(id)) return;
    this.#values.set(id, value);
    this.#fresh.push({ id, value });
  }

  /** Writes what was added; and all packs as few, when there are many. */
  async flush(): Promise<void> {
    if (this.#fresh.length > 0) {
      const fresh = this.#fresh;
      this.#fresh = [];
      await this.#write(fresh);
      await this.store.delete(this.#outdated);
      this.#outdated = [];
    }
    if (this.#read.size > MAX_PACKS) await this.#merge();
  }

  async #readPack(name: string): Promise<void> {
    try {
      for (const { id, value } of decodePack((await this.store.get(name)).body)) this.#values.set(id, value);
    } catch (error) {
      // Merged into another one a moment ago.
      if (!(error instanceof ObjectNotFound)) throw error;
    }
    this.#read.add(name);
  }

  async #write(entries: readonly PackEntry[]): Promise<void> {
    const name = packName(this.prefix, this.clock.ulid());
    await this.store.put(name, encodePack(entries));
    this.#read.add(name);
  }

  async #merge(): Promise<void> {
    const old = [...this.#read];
    let portion: PackEntry[] = [];
    let bytes = 0;
    for (const [id, value] of this.#values) {
      portion.push({ id, value });
      bytes += value.length + ENTRY_BYTES;
      if (bytes < MAX_MERGED_BYTES) continue;
      await this.#write(portion);
      portion = [];
      bytes = 0;
    }
    if (portion.length > 0) await this.#write(portion);
    await this.store.delete(old);
    for (const name of old) this.#read.delete(name);
  }
}

const packName = (prefix: string, ulid: string): string => `${prefix}${ulid}.pack`;
