/** The parts that make a growth, and the files that a process may grow: which, how many, and how the next process gets them. */

import {
  link,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { GrowingFiles, Parts } from '../../../../vectorlog/store/files/growing.ts';
import type { ComposePart } from '../../../../vectorlog/store/object-store.ts';
import { around, fsError, noFaults } from './faulty-fs.ts';

vi.mock(import('node:fs/promises'), async (original) =>
  (await import('./faulty-fs.ts')).faulty(await original()),
);

const made: string[] = [];
afterEach(noFaults);
afterAll(() => Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true }))));

describe('the parts of an object', () => {
  const bytes = (...values: number[]) => new Uint8Array(values);
  const copy = (start: number, end: number): ComposePart => ({ copyFrom: 'a', range: { start, end } });

  it.each<[string, ComposePart[], { head: Uint8Array; rest: number } | undefined]>([
    ['none', [], undefined],
    ['new bytes alone', [bytes(1)], undefined],
    ['new bytes twice', [bytes(1), bytes(2)], undefined],
    ['another object', [copy(0, 9)], { head: bytes(), rest: 1 }],
    ['another object and more', [copy(0, 9), bytes(1), bytes(2)], { head: bytes(), rest: 1 }],
    ['a new head of another object', [bytes(1, 2), copy(2, 9)], { head: bytes(1, 2), rest: 2 }],
    ['a new head and more', [bytes(1, 2), copy(2, 9), bytes(3), bytes(4)], { head: bytes(1, 2), rest: 2 }],
    ['a head that is too short', [bytes(1), copy(2, 9), bytes(3)], undefined],
    ['an object without its head', [copy(2, 9), bytes(3)], undefined],
    ['two objects', [bytes(1, 2), copy(2, 9), copy(0, 3)], undefined],
  ])('are a growth or not: %s', async (_, pieces, expected) => {
    async function* later() {
      yield* pieces;
    }
    for (const given of [pieces, later()]) {
      const parts = new Parts(given);
      const growth = await parts.growth();
      expect(growth?.head).toEqual(expected?.head);
      if (growth) parts.skip(growth);
      const rest: ComposePart[] = [];
      for await (const part of parts) rest.push(part);
      expect(rest).toEqual(pieces.slice(expected?.rest ?? 0));
    }
  });

  it('have a head that stays though its owner uses the buffer again', async () => {
    const buffer = bytes(1, 2);
    function* pieces() {
      yield buffer;
      buffer.fill(9);
      yield copy(2, 9);
    }
    expect(await new Parts(pieces()).growth()).toEqual({ head: bytes(1, 2), from: copy(2, 9) });
  });
});

describe('the files that a process may grow', () => {
  const files = async (...names: string[]) => {
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'likeness-growing-')));
    made.push(folder);
    const growing = new GrowingFiles();
    const at = (name: string) => join(folder, name);
    for (const name of names) {
      await writeFile(at(name), name);
      await growing.remember(name, at(name));
    }
    return { folder, growing, at };
  };

  it('are those that it has made, as long as they are as it left them', async () => {
    const { growing, at } = await files('one', 'two', 'six', 'ten', 'old');
    await writeFile(at('not'), 'not');
    for (const name of ['one', 'two', 'six', 'ten', 'old']) expect(await growing.mayGrow(name, 3)).toBe(true);
    expect(await growing.mayGrow('not', 3)).toBe(false);
    expect(await growing.mayGrow('one', 2)).toBe(false);
    await rm(at('two'));
    expect(await growing.mayGrow('two', 3)).toBe(false);
    const { atime, mtime } = await stat(at('six'));
    await writeFile(at('other'), 'six');
    await utimes(at('six'), 1, 1);
    await growing.remember('six', at('six'));
    await utimes(at('other'), 1, 1);
    expect(await growing.mayGrow('six', 3)).toBe(true);
    await rename(at('other'), at('six'));
    expect(await growing.mayGrow('six', 3)).toBe(false);
    await utimes(at('ten'), atime, new Date(mtime.getTime() + 1_000));
    expect(await growing.mayGrow('ten', 3)).toBe(false);
    growing.forget('old');
    expect(await growing.mayGrow('old', 3)).toBe(false);
    await growing.remember('gone', at('gone'));
    expect(await growing.mayGrow('gone', 0)).toBe(false);
  });

  it('are none with a name that it did not give, whatever else it has made, and those whose names are all its own', async () => {
    const { growing, at } = await files('one', 'two', 'six');
    await link(at('one'), at('backup'));
    expect(await growing.mayGrow('one', 3)).toBe(false);
    await link(at('two'), at('own'));
    await growing.remember('own', at('own'));
    expect(await growing.mayGrow('two', 3)).toBe(true);
    expect(await growing.mayGrow('own', 3)).toBe(true);
  });

  it('are all the same when another of them has grown, and it under the name that it has now', async () => {
    const { growing, at } = await files('one', 'two');
    const parts = new Parts([{ copyFrom: 'one', range: { start: 0, end: 3 } }, new Uint8Array(2)]);
    expect(await growing.grow(parts, 'more', at('more'))).toMatchObject({ size: 5, from: 'one' });
    expect(await growing.mayGrow('two', 3)).toBe(true);
    expect(await growing.mayGrow('more', 5)).toBe(true);
    expect(await growing.mayGrow('one', 5)).toBe(true);
    expect(await growing.mayGrow('one', 3)).toBe(false);
  });

  it('are the sixty-four that it named last', async () => {
    const names = Array.from({ length: 64 }, (_, i) => `${100 + i}`);
    const { growing, at } = await files(...names);
    await growing.remember('100', at('100'));
    await writeFile(at('new'), 'new');
    await growing.remember('new', at('new'));
    const known = await Promise.all(
      ['100', '101', '102', '163', 'new'].map((name) => growing.mayGrow(name, 3)),
    );
    expect(known).toEqual([true, false, true, true, true]);
  });

  it('are handed over by name, number and state, once', async () => {
    const { folder, growing, at } = await files('one', 'two');
    const described = async (key: string) => {
      const { ino, size, mtimeNs } = await stat(at(key), { bigint: true });
      return { key, ino: `${ino}`, eTag: `${size.toString(16)}-${mtimeNs.toString(16)}` };
    };
    const list = [await described('one'), await described('two')];
    await growing.handOver(at('list'));
    expect(JSON.parse(await readFile(at('list'), 'utf8'))).toEqual(list);
    expect(await growing.mayGrow('one', 3)).toBe(false);
    await growing.remember('one', at('one'));
    expect(await growing.mayGrow('one', 3)).toBe(false);

    await writeFile(at('tar'), 'tar');
    await writeFile(
      at('list'),
      JSON.stringify([
        list[0],
        { ...list[1], eTag: 'other' },
        { ...(await described('tar')), ino: '1' },
        { ...list[0], key: 'gone' },
        { ...list[0], key: 'odd' },
      ]),
    );
    const next = new GrowingFiles();
    await next.takeOver(at('list'), (key) => (key === 'odd' ? undefined : at(key)));
    const taken = await Promise.all(['one', 'two', 'tar', 'gone', 'odd'].map((key) => next.mayGrow(key, 3)));
    expect(taken).toEqual([true, false, false, false, false]);
    expect((await readdir(folder)).sort()).toEqual(['one', 'tar', 'two']);
    const third = new GrowingFiles();
    await third.takeOver(at('list'), at);
    expect(await third.mayGrow('one', 3)).toBe(false);
  });

  it('are not handed over where there are none, or while one grows', async () => {
    const { folder, growing, at } = await files();
    await growing.handOver(at('list'));
    expect(await readdir(folder)).toEqual([]);

    const busy = await files('one', 'two');
    let goOn = () => {};
    const waited = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    async function* waiting() {
      yield { copyFrom: 'one', range: { start: 0, end: 3 } };
      yield new Uint8Array(1);
      await waited;
    }
    const grows = busy.growing.grow(new Parts(waiting()), 'more', busy.at('more'));
    await expect.poll(() => readFile(busy.at('one')), { interval: 1 }).toHaveLength(4);
    await busy.growing.handOver(busy.at('list'));
    goOn();
    expect(await grows).toMatchObject({ size: 4, from: 'one' });
    expect((await readdir(busy.folder)).sort()).toEqual(['more', 'one', 'two']);
    expect(await busy.growing.mayGrow('more', 4)).toBe(false);
  });

  it('are none of a list that is no list, and a disk that fails is told of', async () => {
    const { growing, at } = await files();
    for (const text of ['{}', 'null', '[{"key":', '']) {
      await writeFile(at('list'), text);
      await growing.takeOver(at('list'), at);
    }
    around.rename = () => Promise.reject(fsError('EIO'));
    await expect(growing.takeOver(at('list'), at)).rejects.toThrow('EIO');
  });
});
