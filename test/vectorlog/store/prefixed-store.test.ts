/** A part of a store: keys get the prefix on their way in and lose it on their way out. */

import { beforeEach, expect, it } from 'vitest';
import { prefixed } from '../../../vectorlog/store/prefixed-store.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { allKeys } from './conformance.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);
const whole = new MemoryStore();
const part = prefixed(whole, 'p/');

beforeEach(async () => {
  await whole.delete(await allKeys(whole));
  for (const key of ['a', 'p/a', 'p/b', 'p/z', 'q'])
    await whole.put(key, utf8(key), { contentType: `of/${key}` });
});

it('reads what stands under the prefix, and names it without', async () => {
  expect(await part.get('b')).toMatchObject({ key: 'b', size: 3, contentType: 'of/p/b', body: utf8('p/b') });
  expect(await part.head('b')).toMatchObject({ key: 'b', size: 3, contentType: 'of/p/b' });
  expect(await part.head('q')).toBeUndefined();
  const target = new Uint8Array(2);
  expect(await part.read('b', { start: 1, end: 3 }, target)).toBe(target);
  expect(target).toEqual(utf8('/b'));
  await expect(part.get('b', { maxBytes: 2 })).rejects.toMatchObject({ name: 'ObjectTooLarge', key: 'p/b' });
});

it('lists what stands under it, between any keys, in pages of any size', async () => {
  expect(await allKeys(part)).toEqual(['a', 'b', 'z']);
  expect(await allKeys(part, { prefix: '', startAfter: 'a' })).toEqual(['b', 'z']);
  expect(await allKeys(part, { prefix: '', endBefore: 'z' })).toEqual(['a', 'b']);
  expect(await allKeys(part, { prefix: 'b' })).toEqual(['b']);
  const pages: number[] = [];
  for await (const page of part.list({ prefix: '', pageSize: 2 })) pages.push(page.length);
  expect(pages).toEqual([2, 1]);
});

it('writes under it, with what was said of the object', async () => {
  const options = { contentType: 'x/y', metadata: { n: '1' } };
  await part.put('put', utf8('1'), options);
  expect(await part.putIfAbsent('once', utf8('2'), options)).toBe(true);
  expect(await part.putIfAbsent('a', utf8('3'))).toBe(false);
  const made = await part.compose(
    'made',
    [utf8('<'), { copyFrom: 'b', range: { start: 0, end: 2 } }],
    options,
  );
  expect(made).toEqual({ size: 3 });
  expect((await whole.get('p/made')).body).toEqual(utf8('<p/'));
  for (const key of ['p/put', 'p/once', 'p/made']) expect(await whole.head(key)).toMatchObject(options);
});

it('deletes under it, and nothing else', async () => {
  await part.delete(['a', 'q', 'z']);
  expect(await allKeys(whole)).toEqual(['a', 'p/b', 'q']);
});
