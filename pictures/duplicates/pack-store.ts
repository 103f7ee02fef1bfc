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
/** Small packs above which they are written as few, so that a listing stays short. */
const MAX_PACKS = 48;
/** Bytes of one merged pack; one of more than half of it is not merged again. */
const MAX_MERGED_BYTES = 16 * 1024 * 1024;
/** Part of the entries that may be of pictures that are gone: writing packs anew costs more than keeping a few. */
const MAX_GARBAGE = 0.1;
/** Packs that are read side by side. */
const READS_AT_ONCE = 8;

/** A head, then id and length of each entry, then the values. */
export function encodePack(entries: readonly PackEntry[]): Buffer {
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
export function decodePack(bytes: Uint8Array): PackEntry[] {
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
  /** Bytes of each pack that was read or written. */
  readonly #read = new Map<string, number>();
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
    const packs: { readonly key: string; readonly size: number }[] = [];
    for await (const page of this.store.list({ prefix: this.family })) packs.push(...page);
    this.#outdated = packs.map(({ key }) => key).filter((name) => !name.startsWith(this.prefix));
    const unread = packs.filter(({ key }) => key.startsWith(this.prefix) && !this.#read.has(key));
    await mapInParallel(READS_AT_ONCE, unread, ({ key, size }) => this.#readPack(key, size));
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
    const small = [...this.#read].filter(([, bytes]) => bytes <= MAX_MERGED_BYTES / 2);
    if (small.length > MAX_PACKS) await this.#merge(small.map(([name]) => name));
  }

  /** Takes all other entries out of the packs, once they are more than a tenth. */
  async keepOnly(ids: ReadonlySet<string>): Promise<void> {
    const others = [...this.#values.keys()].filter((id) => !ids.has(id));
    if (others.length <= this.#values.size * MAX_GARBAGE) return;
    await dropFromPacks(this.store, this.prefix, this.clock, new Set(others));
    for (const id of others) this.#values.delete(id);
  }

  async #readPack(name: string, bytes: number): Promise<void> {
    for (const { id, value } of await readPack(this.store, name)) this.#values.set(id, value);
    this.#read.set(name, bytes);
  }

  async #write(entries: readonly PackEntry[]): Promise<void> {
    const { name, bytes } = await writePack(this.store, this.prefix, this.clock, entries);
    this.#read.set(name, bytes);
  }

  async #merge(names: readonly string[]): Promise<void> {
    let portion: PackEntry[] = [];
    let bytes = 0;
    for (const name of names) {
      for (const entry of await readPack(this.store, name)) {
        portion.push(entry);
        bytes += entry.value.length + ENTRY_BYTES;
        if (bytes < MAX_MERGED_BYTES) continue;
        await this.#write(portion);
        portion = [];
        bytes = 0;
      }
    }
    if (portion.length > 0) await this.#write(portion);
    await this.store.delete(names);
    for (const name of names) this.#read.delete(name);
  }
}

/** Writes a pack of its own, for whoever has no use for what the other packs hold. */
export async function writePack(
  store: ObjectStore,
  prefix: string,
  clock: Pick<Clock, 'ulid'>,
  entries: readonly PackEntry[],
): Promise<{ readonly name: string; readonly bytes: number }> {
  const name = packName(prefix, clock.ulid());
  const pack = encodePack(entries);
  await store.put(name, pack);
  return { name, bytes: pack.length };
}

/** The entries of a pack; none when it was merged into another one a moment ago. */
async function readPack(store: ObjectStore, name: string): Promise<PackEntry[]> {
  try {
    return decodePack((await store.get(name)).body);
  } catch (error) {
    if (error instanceof ObjectNotFound) return [];
    throw error;
  }
}

/** The entries of all packs, pack by pack. */
export async function* packsOf(store: ObjectStore, prefix: string): AsyncIterable<readonly PackEntry[]> {
  for await (const page of store.list({ prefix }))
    for (const { key } of page) yield await readPack(store, key);
}

/** Takes entries out of all packs that hold some of them; of the others only the heads are read. */
export async function dropFromPacks(
  store: ObjectStore,
  prefix: string,
  clock: Pick<Clock, 'ulid'>,
  ids: ReadonlySet<string>,
): Promise<void> {
  for await (const page of store.list({ prefix })) {
    await mapInParallel(READS_AT_ONCE, page, async ({ key, size }) => {
      if (!(await idsIn(store, key, size)).some((id) => ids.has(id))) return;
      const left = (await readPack(store, key)).filter(({ id }) => !ids.has(id));
      if (left.length > 0) await writePack(store, prefix, clock, left);
      await store.delete([key]);
    });
  }
}

/** The ids in a pack, by its head; none when it is no whole pack, or gone. */
async function idsIn(store: ObjectStore, name: string, size: number): Promise<string[]> {
  if (size < HEAD_BYTES) return [];
  try {
    const head = asBuffer(await store.read(name, { start: 0, end: HEAD_BYTES }));
    const end = HEAD_BYTES + head.readUInt32LE(4) * ENTRY_BYTES;
    if (head.readUInt32LE(0) !== MAGIC || end > size) return [];
    const entries = asBuffer(await store.read(name, { start: HEAD_BYTES, end }));
    return Array.from({ length: entries.length / ENTRY_BYTES }, (_, i) =>
      entries.toString('hex', i * ENTRY_BYTES, i * ENTRY_BYTES + 16),
    );
  } catch (error) {
    if (error instanceof ObjectNotFound) return [];
    throw error;
  }
}

const asBuffer = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

const packName = (prefix: string, ulid: string): string => `${prefix}${ulid}.pack`;
