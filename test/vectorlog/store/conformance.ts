/** What every `ObjectStore` must do, whatever it stands on. Each implementation's test runs this suite. */

import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  KeyInvalid,
  ObjectNotFound,
  ObjectTooLarge,
  PreconditionFailed,
  RangeNotSatisfiable,
} from '../../../vectorlog/store/errors.ts';
import {
  type ComposePart,
  compareKeys,
  type ListOptions,
  type ObjectInfo,
  type ObjectStore,
} from '../../../vectorlog/store/object-store.ts';
import { prefixed } from '../../../vectorlog/store/prefixed-store.ts';

const MiB = 1024 * 1024;

export interface ConformanceOptions {
  /** Objects written to make a list of several pages. @default 1050 */
  readonly manyObjects?: number;
  /** Runs of the comparison with a model. @default 25 */
  readonly modelRuns?: number;
  /** Writers that race for one key. @default 50 */
  readonly racers?: number;
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Bytes that differ at every offset, cheaply: the same for the same `seed`. */
export function pattern(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  const words = new Uint32Array(bytes.buffer, 0, length >>> 2);
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  for (let i = words.length * 4; i < length; i++) bytes[i] = (seed + i) & 0xff;
  return bytes;
}

/** Whether two byte arrays are the same; `expect().toEqual` takes seconds for some MiB. */
export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

async function allInfos(store: ObjectStore, options: ListOptions): Promise<ObjectInfo[]> {
  const infos: ObjectInfo[] = [];
  for await (const page of store.list(options)) infos.push(...page);
  return infos;
}

export async function allKeys(store: ObjectStore, options: ListOptions = { prefix: '' }): Promise<string[]> {
  return (await allInfos(store, options)).map(({ key }) => key);
}

/** Keys that are hard on paths, URLs, XML or the order of lists. */
export const ODD_KEYS = [
  'a',
  'a/b',
  'a.jpg',
  'a/b.jpg',
  'a-b',
  'a/b/c',
  'A',
  '..',
  '../escape',
  '../../etc/passwd',
  'x/../y',
  './here',
  'x/./y',
  '/leading',
  '//two',
  'mid//dle',
  'trailing/',
  '.hidden',
  'folder/.hidden/x',
  '.store/drafts/x',
  'with space',
  'plus+plus',
  'per%cent',
  'per%2Fcent',
  'amp&lt;<tag>"\'',
  'question?mark#hash',
  'back\\slash',
  'star*:|',
  'tab\tand\nline',
  'bell\u0007',
  'é composed',
  'e\u0301 decomposed',
  '写真/猫.jpg',
  '\uFF5E full width, after the surrogates in UTF-16',
  '😀 beyond the first plane',
  'con',
  `${'n'.repeat(255)}`,
  `${'n'.repeat(256)}`,
  `deep/${'m'.repeat(300)}/x`,
  'k'.repeat(1_024),
  '猫'.repeat(341),
  `${'p/'.repeat(60)}q`,
];

export function conformance(
  name: string,
  open: () => Promise<ObjectStore>,
  { manyObjects = 1_050, modelRuns = 25, racers = 50 }: ConformanceOptions = {},
): void {
  describe(`${name} as an object store`, () => {
    let whole: ObjectStore;
    let store: ObjectStore;
    let count = 0;

    beforeAll(async () => {
      whole = await open();
    });

    /** An empty store for one test: a namespace of its own. */
    const fresh = (): ObjectStore => {
      count++;
      return prefixed(whole, `t${count}/`);
    };

    describe('objects', () => {
      it('gives back what was put, with its description', async () => {
        store = fresh();
        const before = Date.now();

        const { eTag } = await store.put('cats/tom.jpg', utf8('meow'), {
          contentType: 'image/jpeg',
          metadata: { owner: 'ada', Camera: 'x100' },
        });

        const object = await store.get('cats/tom.jpg');
        expect(textOf(object.body)).toBe('meow');
        const { body: _, ...description } = object;
        expect(description).toMatchObject({
          key: 'cats/tom.jpg',
          size: 4,
          eTag,
          contentType: 'image/jpeg',
          metadata: { owner: 'ada', camera: 'x100' },
        });
        expect(eTag).not.toMatch(/^$|"/);
        // Some stores give whole seconds, rounded down.
        expect(object.lastModified.getTime()).toBeGreaterThan(before - 2_000);
        expect(object.lastModified.getTime()).toBeLessThan(Date.now() + 2_000);
        expect(await store.head('cats/tom.jpg')).toEqual(description);
      });

      it('keeps metadata beyond ASCII', async () => {
        store = fresh();
        const metadata = { title: 'Größe 猫 😀', plain: 'a =?b?= c', long: `${'ü'.repeat(200)}` };

        await store.put('a', utf8('1'), { metadata });

        expect((await store.get('a')).metadata).toEqual(metadata);
        expect((await store.head('a'))?.metadata).toEqual(metadata);
      });

      it('takes an empty object', async () => {
        store = fresh();

        await store.put('empty', new Uint8Array(0));

        expect((await store.get('empty')).body).toHaveLength(0);
        expect((await store.head('empty'))?.size).toBe(0);
      });

      it('replaces an object with everything that belonged to it', async () => {
        store = fresh();
        const first = await store.put('a', utf8('one'), { contentType: 'image/png', metadata: { n: '1' } });

        const second = await store.put('a', utf8('two'), { metadata: { m: '2' } });

        expect(second.eTag).not.toBe(first.eTag);
        const object = await store.get('a');
        expect(textOf(object.body)).toBe('two');
        expect(object.metadata).toEqual({ m: '2' });
        expect(object.contentType).not.toBe('image/png');
      });

      it('tells two quick writes of equal length apart', async () => {
        store = fresh();
        const eTags = new Set<string>();

        for (let i = 0; i < 20; i++) eTags.add((await store.put('a', utf8(`${10 + i}`))).eTag);

        expect(eTags.size).toBe(20);
      });

      it('does not keep the buffers it was given, nor share its own', async () => {
        store = fresh();
        const given = utf8('before');
        await store.put('a', given);
        given.fill(0);

        (await store.get('a')).body.fill(0);

        expect(textOf((await store.get('a')).body)).toBe('before');
      });

      it('says that an object is not there', async () => {
        store = fresh();

        await expect(store.get('none')).rejects.toBeInstanceOf(ObjectNotFound);
        await expect(store.read('none', { start: 0, end: 1 })).rejects.toBeInstanceOf(ObjectNotFound);
        await expect(store.read('none', { start: 0, end: 0 })).rejects.toBeInstanceOf(ObjectNotFound);
        expect(await store.head('none')).toBeUndefined();
      });

      it('gets an object only as the caller last saw it', async () => {
        store = fresh();
        const { eTag: old } = await store.put('a', utf8('old'));
        expect(textOf((await store.get('a', { ifMatch: old })).body)).toBe('old');

        const { eTag } = await store.put('a', utf8('new'));

        await expect(store.get('a', { ifMatch: old })).rejects.toBeInstanceOf(PreconditionFailed);
        expect(textOf((await store.get('a', { ifMatch: eTag })).body)).toBe('new');
        await expect(store.get('none', { ifMatch: eTag })).rejects.toBeInstanceOf(ObjectNotFound);
      });

      it('does not read an object that has more bytes than its caller takes', async () => {
        store = fresh();
        await store.put('a', utf8('twelve bytes'));
        expect(textOf((await store.get('a', { maxBytes: 12 })).body)).toBe('twelve bytes');
        const error: unknown = await store.get('a', { maxBytes: 11 }).catch((each: unknown) => each);
        expect(error).toBeInstanceOf(ObjectTooLarge);
        expect(error).toMatchObject({ size: 12 });
        await store.put('empty', new Uint8Array(0));
        expect((await store.get('empty', { maxBytes: 0 })).body).toHaveLength(0);
      });

      it('keeps an object of many MiB', async () => {
        store = fresh();
        const body = pattern(20 * MiB + 13, 1);

        await store.put('large', body);

        expect(sameBytes((await store.get('large')).body, body)).toBe(true);
      });

      it('refuses what can be no key', async () => {
        store = whole;
        for (const key of ['', 'k'.repeat(1_025), '猫'.repeat(342), 'lone \ud800 surrogate']) {
          await expect(store.put(key, utf8('x'))).rejects.toBeInstanceOf(KeyInvalid);
          await expect(store.get(key)).rejects.toBeInstanceOf(KeyInvalid);
          await expect(store.head(key)).rejects.toBeInstanceOf(KeyInvalid);
          await expect(store.delete([key])).rejects.toBeInstanceOf(KeyInvalid);
        }
      });
    });

    describe('ranges', () => {
      it('reads the bytes of a range', async () => {
        store = fresh();
        await store.put('digits', utf8('0123456789'));

        expect(textOf(await store.read('digits', { start: 0, end: 1 }))).toBe('0');
        expect(textOf(await store.read('digits', { start: 3, end: 7 }))).toBe('3456');
        expect(textOf(await store.read('digits', { start: 0, end: 10 }))).toBe('0123456789');
        expect(await store.read('digits', { start: 4, end: 4 })).toHaveLength(0);
      });

      it('reads into the given memory and nowhere else', async () => {
        store = fresh();
        await store.put('digits', utf8('0123456789'));
        const memory = utf8('--------');

        const read = await store.read('digits', { start: 2, end: 6 }, memory.subarray(2, 6));

        expect(textOf(memory)).toBe('--2345--');
        expect(read.buffer).toBe(memory.buffer);
      });

      it('never gives less than was asked for', async () => {
        store = fresh();
        await store.put('digits', utf8('0123456789'));

        for (const range of [
          { start: 0, end: 11 },
          { start: 9, end: 11 },
          { start: 10, end: 11 },
          { start: 11, end: 11 },
          { start: 50, end: 60 },
        ])
          await expect(store.read('digits', range)).rejects.toBeInstanceOf(RangeNotSatisfiable);
      });

      it('refuses a target of another length, and what is no range', async () => {
        store = fresh();
        await store.put('digits', utf8('0123456789'));

        await expect(store.read('digits', { start: 0, end: 4 }, new Uint8Array(5))).rejects.toThrow(
          RangeError,
        );
        await expect(store.read('digits', { start: 4, end: 3 })).rejects.toThrow(RangeError);
        await expect(store.read('digits', { start: -1, end: 3 })).rejects.toThrow(RangeError);
        await expect(store.read('digits', { start: 0.5, end: 3 })).rejects.toThrow(RangeError);
      });

      it('reads a large range whole and in order', async () => {
        store = fresh();
        const body = pattern(40 * MiB, 2);
        await store.put('large', body);

        const range = { start: 1_000_001, end: 39 * MiB + 7 };

        expect(sameBytes(await store.read('large', range), body.subarray(range.start, range.end))).toBe(true);
      });
    });

    describe('lists', () => {
      it('lists by prefix, in the order of UTF-8 bytes, with descriptions', async () => {
        store = fresh();
        const keys = ['a/b', 'a.jpg', 'a', 'a-b', 'a/b/c', 'a0', 'B', 'b/😀', 'b/\uFF5E', 'b/z', 'b'];
        for (const key of keys) await store.put(key, utf8(key));

        expect(await allKeys(store)).toEqual([...keys].sort(compareKeys));
        expect(await allKeys(store, { prefix: 'a' })).toEqual(['a', 'a-b', 'a.jpg', 'a/b', 'a/b/c', 'a0']);
        expect(await allKeys(store, { prefix: 'a/' })).toEqual(['a/b', 'a/b/c']);
        expect(await allKeys(store, { prefix: 'b/' })).toEqual(['b/z', 'b/\uFF5E', 'b/😀']);
        expect(await allKeys(store, { prefix: 'none' })).toEqual([]);
        const [info] = await allInfos(store, { prefix: 'a.jpg' });
        const { contentType: _, metadata: __, ...described } = (await store.head('a.jpg'))!;
        // Some stores give lists milliseconds and heads whole seconds.
        expect({ ...info, lastModified: 0 }).toEqual({ ...described, lastModified: 0 });
        expect(Math.abs(info!.lastModified.getTime() - described.lastModified.getTime())).toBeLessThan(1_000);
      });

      it('starts after a key, whether it is there or not', async () => {
        store = fresh();
        for (const key of ['log/1', 'log/2', 'log/3', 'manifest/1', 'manifest/2/x'])
          await store.put(key, utf8('x'));

        const keysAfter = (prefix: string, startAfter: string) => allKeys(store, { prefix, startAfter });

        expect(await keysAfter('log/', 'log/1')).toEqual(['log/2', 'log/3']);
        expect(await keysAfter('log/', 'log/15')).toEqual(['log/2', 'log/3']);
        expect(await keysAfter('log/', 'log/3')).toEqual([]);
        expect(await keysAfter('log/', 'a')).toEqual(['log/1', 'log/2', 'log/3']);
        expect(await keysAfter('log/', 'm')).toEqual([]);
        expect(await keysAfter('', 'log/3')).toEqual(['manifest/1', 'manifest/2/x']);
        expect(await keysAfter('', 'manifest/2')).toEqual(['manifest/2/x']);
        expect(await keysAfter('', 'manifest/2/a')).toEqual(['manifest/2/x']);
        expect(await keysAfter('', 'manifest/2/x')).toEqual([]);
      });

      it('ends before a key, whether it is there or not', async () => {
        store = fresh();
        for (const key of ['index/1', 'log/1', 'log/2', 'manifest/1', 'manifest/2/x', 'rejected/1'])
          await store.put(key, utf8('x'));

        const keysBefore = (endBefore: string, prefix = '', startAfter = '') =>
          allKeys(store, { prefix, startAfter, endBefore });

        expect(await keysBefore('log/2')).toEqual(['index/1', 'log/1']);
        expect(await keysBefore('log/15')).toEqual(['index/1', 'log/1']);
        expect(await keysBefore('manifest0', '', 'log/')).toEqual([
          'log/1',
          'log/2',
          'manifest/1',
          'manifest/2/x',
        ]);
        expect(await keysBefore('manifest/2/x', 'manifest/')).toEqual(['manifest/1']);
        expect(await keysBefore('a')).toEqual([]);
        expect(await keysBefore('z', 'log/')).toEqual(['log/1', 'log/2']);
      });

      it('asks for no more than the pages that are wanted, of the size that is wanted', async () => {
        store = fresh();
        const keys = ['a/1', 'a/2', 'a/3', 'a/4', 'a/5', 'b/1', 'b/2', 'b/3', 'b/4'];
        for (const key of keys) await store.put(key, utf8(key));

        const pages: string[][] = [];
        for await (const page of store.list({ prefix: '', endBefore: 'b/2', pageSize: 4 }))
          pages.push(page.map(({ key }) => key));

        expect(pages).toEqual([keys.slice(0, 4), keys.slice(4, 6)]);
      });

      it('lists more than a page, each object once', async () => {
        store = fresh();
        const keys = Array.from({ length: manyObjects }, (_, i) => `many/${String(i).padStart(6, '0')}`);
        for (let i = 0; i < keys.length; i += 50)
          await Promise.all(keys.slice(i, i + 50).map((key) => store.put(key, utf8(key))));

        const pages: number[] = [];
        const listed: string[] = [];
        for await (const page of store.list({ prefix: 'many/', startAfter: keys[4]! })) {
          pages.push(page.length);
          listed.push(...page.map(({ key }) => key));
        }

        expect(listed).toEqual(keys.slice(5));
        expect(pages.length).toBeGreaterThan(1);
        expect(Math.max(...pages)).toBeLessThanOrEqual(1_000);
        await store.delete(keys);
        expect(await allKeys(store)).toEqual([]);
      });

      it('lists an object as soon as it is written, and no more once it is deleted', async () => {
        store = fresh();
        for (let i = 0; i < 10; i++) {
          await store.put(`log/${i}`, utf8('x'));
          expect(await allKeys(store, { prefix: 'log/' })).toEqual([`log/${i}`]);
          await store.delete([`log/${i}`]);
          expect(await allKeys(store, { prefix: 'log/' })).toEqual([]);
        }
      });
    });

    describe('odd keys', () => {
      it('keeps every one apart from every other', async () => {
        store = whole;
        const before = new Set(await allKeys(store));
        const bodyOf = (key: string) => utf8(`body of ${key}`);

        for (const key of ODD_KEYS)
          await store.put(key, bodyOf(key), { metadata: { length: `${key.length}` } });

        for (const key of ODD_KEYS) {
          const object = await store.get(key);
          expect(textOf(object.body)).toBe(textOf(bodyOf(key)));
          expect(object.metadata).toEqual({ length: `${key.length}` });
          expect((await store.head(key))?.size).toBe(bodyOf(key).byteLength);
          expect(await allKeys(store, { prefix: key })).toContain(key);
          expect(await store.putIfAbsent(key, utf8('late'))).toBe(false);
        }
        const listed = (await allKeys(store)).filter((key) => !before.has(key));
        expect(listed).toEqual([...ODD_KEYS].sort(compareKeys));
        await store.delete(ODD_KEYS.slice(1));
        expect((await allKeys(store)).filter((key) => !before.has(key))).toEqual([ODD_KEYS[0]]);
        await store.delete(ODD_KEYS);
        for (const key of ODD_KEYS) expect(await store.head(key)).toBeUndefined();
      });
    });

    describe('putIfAbsent', () => {
      it('creates what is not there and leaves what is', async () => {
        store = fresh();

        expect(await store.putIfAbsent('a', utf8('first'), { metadata: { by: '1' } })).toBe(true);
        expect(await store.putIfAbsent('a', utf8('second'), { metadata: { by: '2' } })).toBe(false);

        const object = await store.get('a');
        expect(textOf(object.body)).toBe('first');
        expect(object.metadata).toEqual({ by: '1' });
      });

      it('creates again what was deleted', async () => {
        store = fresh();
        await store.putIfAbsent('a', utf8('first'));
        await store.delete(['a']);

        expect(await store.putIfAbsent('a', utf8('second'))).toBe(true);
      });

      it(`lets one of ${racers} racers win, and everyone reads the winner's`, async () => {
        store = fresh();
        for (let round = 0; round < 5; round++) {
          const key = `race/${round}`;

          const won = await Promise.all(
            Array.from({ length: racers }, (_, i) => store.putIfAbsent(key, utf8(`racer ${i}`))),
          );

          expect(won.filter(Boolean)).toHaveLength(1);
          expect(textOf((await store.get(key)).body)).toBe(`racer ${won.indexOf(true)}`);
        }
      });

      it('knows its own from an equal body of another', async () => {
        store = fresh();

        const won = await Promise.all(
          Array.from({ length: 10 }, () => store.putIfAbsent('a', utf8('the same'))),
        );

        expect(won.filter(Boolean)).toHaveLength(1);
      });
    });

    describe('put under readers', () => {
      it('never shows a mixture', async () => {
        store = fresh();
        const bodies = [0, 1, 2].map((seed) => pattern(300_000 + seed, seed));
        const write = (i: number) => store.put('a', bodies[i % 3]!, { metadata: { body: `${i % 3}` } });
        await write(0);
        let writing = true;
        const writer = async () => {
          try {
            for (let i = 1; i < 40; i++) await write(i);
          } finally {
            writing = false;
          }
        };
        const reader = async () => {
          for (let reads = 0; writing && reads < 1_000; reads++) {
            const { body, metadata } = await store.get('a');
            expect(sameBytes(body, bodies[Number(metadata.body)]!)).toBe(true);
          }
        };

        await Promise.all([writer(), reader(), reader(), reader()]);
      });
    });

    describe('compose', () => {
      const compose = async (key: string, parts: ComposePart[]) => {
        const result = await store.compose(key, parts);
        const { body } = await store.get(key);
        expect(result.size).toBe(body.byteLength);
        return body;
      };

      it('joins small pieces', async () => {
        store = fresh();
        await store.put('digits', utf8('0123456789'));

        const body = await compose('joined', [
          utf8('<'),
          { copyFrom: 'digits', range: { start: 2, end: 4 } },
          utf8('|'),
          { copyFrom: 'digits', range: { start: 0, end: 10 } },
          { copyFrom: 'digits', range: { start: 5, end: 5 } },
          utf8('>'),
        ]);

        expect(textOf(body)).toBe('<23|0123456789>');
      });

      it('makes an empty object of no pieces', async () => {
        store = fresh();

        expect(await compose('empty', [])).toHaveLength(0);
      });

      it('keeps content type and metadata', async () => {
        store = fresh();
        const options = { contentType: 'application/x-thing', metadata: { made: 'of parts' } };
        await store.put('source', pattern(12 * MiB, 9));

        await store.compose('small', [utf8('x')], options);
        await store.compose(
          'large',
          [utf8('x'), { copyFrom: 'source', range: { start: 0, end: 12 * MiB } }],
          options,
        );

        for (const key of ['small', 'large']) expect(await store.head(key)).toMatchObject(options);
      });

      it('puts a new head before a large object, and a tail after it', async () => {
        store = fresh();
        const old = pattern(30 * MiB + 11, 3);
        await store.put('old', old);
        const [head, tail] = [pattern(45, 4), pattern(8_192, 5)];

        const body = await compose('new', [
          head,
          { copyFrom: 'old', range: { start: 45, end: old.length } },
          tail,
        ]);

        expect(sameBytes(body, Buffer.concat([head, old.subarray(45), tail]))).toBe(true);
        expect(sameBytes((await store.get('old')).body, old)).toBe(true);
      });

      it('replaces one of its own sources', async () => {
        store = fresh();
        const old = pattern(6 * MiB, 6);
        await store.put('a', old);

        const body = await compose('a', [{ copyFrom: 'a', range: { start: 1, end: old.length } }, utf8('z')]);

        expect(sameBytes(body, Buffer.concat([old.subarray(1), utf8('z')]))).toBe(true);
      });

      it('draws from a generator that uses one buffer again and again', async () => {
        store = fresh();
        const piece = new Uint8Array(3 * MiB);
        async function* pieces() {
          for (let i = 0; i < 8; i++) {
            piece.set(pattern(piece.length, 10 + i));
            yield piece;
          }
        }

        const { size } = await store.compose('streamed', pieces());

        const { body } = await store.get('streamed');
        expect(size).toBe(24 * MiB);
        for (let i = 0; i < 8; i++) {
          const at = body.subarray(i * piece.length, (i + 1) * piece.length);
          expect(sameBytes(at, pattern(piece.length, 10 + i))).toBe(true);
        }
      });

      it('takes pieces of any size in any order', async () => {
        store = fresh();
        const source = pattern(26 * MiB, 20);
        await store.put('source', source);
        const sizes = [0, 1, 45, MiB, 5 * MiB - 1, 5 * MiB, 5 * MiB + 1, 9 * MiB];
        const piece = fc.record({
          copied: fc.boolean(),
          size: fc.constantFrom(...sizes),
          start: fc.nat(16 * MiB),
        });

        await fc.assert(
          fc.asyncProperty(fc.array(piece, { maxLength: 6 }), async (pieces) => {
            const expected = pieces.map(({ start, size }) => source.subarray(start, start + size));
            const parts = pieces.map(({ copied, start, size }, i) =>
              copied ? { copyFrom: 'source', range: { start, end: start + size } } : expected[i]!,
            );
            expect(sameBytes(await compose('made', parts), Buffer.concat(expected))).toBe(true);
          }),
          { numRuns: modelRuns },
        );
      });

      it('leaves nothing behind when a source is missing, too short, or the pieces fail', async () => {
        store = fresh();
        await store.put('source', pattern(6 * MiB, 7));
        const start = pattern(6 * MiB, 8);
        const failure = new Error('the disk of the writer is full');
        async function* broken() {
          yield start;
          throw failure;
        }

        await expect(
          store.compose('new', [start, { copyFrom: 'none', range: { start: 0, end: 6 * MiB } }]),
        ).rejects.toBeInstanceOf(ObjectNotFound);
        await expect(
          store.compose('new', [start, { copyFrom: 'source', range: { start: 0, end: 6 * MiB + 1 } }]),
        ).rejects.toBeInstanceOf(RangeNotSatisfiable);
        await expect(store.compose('new', broken())).rejects.toBe(failure);

        expect(await allKeys(store)).toEqual(['source']);
      });
    });

    describe('delete', () => {
      it('deletes what is there and does not mind what is not', async () => {
        store = fresh();
        for (const key of ['a', 'b', 'c']) await store.put(key, utf8(key));

        await store.delete(['a', 'none', 'c']);
        await store.delete([]);

        expect(await allKeys(store)).toEqual(['b']);
      });
    });

    describe('as a model says', () => {
      it('answers like a map through any sequence of operations', async () => {
        const key = fc.constantFrom('a', 'a/b', 'a.b', 'b', 'b/c/d', 'b/c', '..', 'é');
        const operation = fc.oneof(
          fc.record({ op: fc.constant('put' as const), key, size: fc.nat(64) }),
          fc.record({ op: fc.constant('putIfAbsent' as const), key, size: fc.nat(64) }),
          fc.record({ op: fc.constant('delete' as const), key }),
          fc.record({ op: fc.constant('compose' as const), key, from: key }),
          fc.record({ op: fc.constant('list' as const), prefix: fc.constantFrom('', 'a', 'b/'), key }),
        );

        await fc.assert(
          fc.asyncProperty(fc.array(operation, { maxLength: 25 }), async (operations) => {
            const model = new Map<string, string>();
            store = fresh();
            let step = 0;
            for (const operation of operations) {
              step++;
              if (operation.op === 'put') {
                const body = `${step}`.padEnd(operation.size, '.');
                await store.put(operation.key, utf8(body));
                model.set(operation.key, body);
              } else if (operation.op === 'putIfAbsent') {
                const body = `${step}`.padEnd(operation.size, '.');
                const created = await store.putIfAbsent(operation.key, utf8(body));
                expect(created).toBe(!model.has(operation.key));
                if (created) model.set(operation.key, body);
              } else if (operation.op === 'delete') {
                await store.delete([operation.key]);
                model.delete(operation.key);
              } else if (operation.op === 'compose' && model.has(operation.from)) {
                const from = model.get(operation.from)!;
                const range = { start: 0, end: from.length };
                await store.compose(operation.key, [utf8(`${step}<`), { copyFrom: operation.from, range }]);
                model.set(operation.key, `${step}<${from}`);
              } else if (operation.op === 'list') {
                const expected = [...model.keys()]
                  .filter((k) => k.startsWith(operation.prefix) && compareKeys(k, operation.key) > 0)
                  .sort(compareKeys);
                expect(await allKeys(store, { prefix: operation.prefix, startAfter: operation.key })).toEqual(
                  expected,
                );
              }
            }
            for (const [key, body] of model) expect(textOf((await store.get(key)).body)).toBe(body);
            expect(await allKeys(store)).toEqual([...model.keys()].sort(compareKeys));
          }),
          { numRuns: modelRuns },
        );
      });
    });
  });
}
