/** Reads from S3: which ranges are asked for, when it is tried again, and what a reader is told. */

import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readInto, readWhole } from '../../../../vectorlog/store/s3/reading.ts';
import { pattern, sameBytes } from '../conformance.ts';
import { fakeClient, rangeOf, type Sent, sdkError } from './fake-client.ts';

const MiB = 1024 * 1024;

const pauses: number[] = vi.hoisted(() => []);
vi.mock(import('node:timers/promises'), async (original) => ({
  ...(await original()),
  setTimeout: (async (ms: number) => {
    pauses.push(ms);
  }) as never,
}));

beforeEach(() => {
  pauses.length = 0;
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
});
afterEach(() => vi.restoreAllMocks());

const sourceOf = (answer: Parameters<typeof fakeClient>[0], eTag?: string) => {
  const { client, ...seen } = fakeClient(answer);
  return { source: { client, bucket: 'b', key: 'k', ...(eTag && { eTag }) }, ...seen };
};
const asked = (sent: readonly Sent[]) => sent.map(({ input }) => [input.Range, input.IfMatch]);

/** A body that gives `chunks` and then breaks off. */
const broken = (...chunks: Uint8Array[]) =>
  Readable.from(
    (async function* () {
      yield* chunks;
      throw new Error('ECONNRESET');
    })(),
  );

describe('reading a range', () => {
  it('asks for it in pieces of 8 MiB, of whatever state the object has', async () => {
    const bytes = pattern(20 * MiB, 1);
    const { source, sent } = sourceOf((command) => rangeOf(bytes, command));
    const target = new Uint8Array(17 * MiB);

    await readInto(source, 100, target);

    expect(sameBytes(target, bytes.subarray(100, 100 + 17 * MiB))).toBe(true);
    expect(asked(sent)).toEqual([
      ['bytes=100-8388707', undefined],
      ['bytes=8388708-16777315', undefined],
      ['bytes=16777316-17825891', undefined],
    ]);
    expect(sent[0]).toEqual({
      name: 'GetObject',
      input: { Bucket: 'b', Key: 'k', Range: 'bytes=100-8388707' },
    });
  });

  it('of no bytes asks nothing', async () => {
    const { source, sent } = sourceOf(() => ({}));
    await readInto(source, 5, new Uint8Array(0));
    expect(sent).toEqual([]);
  });

  it('asks for the state that it is to be of', async () => {
    const { source, sent } = sourceOf((command) => rangeOf(pattern(4, 1), command), '"e"');
    await readInto(source, 1, new Uint8Array(2));
    expect(asked(sent)).toEqual([['bytes=1-2', '"e"']]);
  });

  it('goes on where a body broke off, in the same state, with longer and longer pauses', async () => {
    const bytes = pattern(10, 2);
    const { source, sent } = sourceOf((command, number) => {
      const whole = rangeOf(bytes, command);
      if (number > 3) return whole;
      const start = Number(/\d+/.exec(command.input.Range as string)![0]);
      return { ...whole, Body: broken(bytes.subarray(start, start + 2)) };
    });
    const target = new Uint8Array(9);

    await readInto(source, 1, target);

    expect(target).toEqual(bytes.subarray(1));
    expect(asked(sent)).toEqual([
      ['bytes=1-9', undefined],
      ['bytes=3-9', '"e"'],
      ['bytes=5-9', '"e"'],
      ['bytes=7-9', '"e"'],
    ]);
    // 50 ms times a power of two, of which the half.
    expect(pauses).toEqual([50, 100, 200]);
  });

  it('takes a body that ends early for one that broke off, and gives up after five', async () => {
    const bytes = pattern(10, 3);
    const { source, sent } = sourceOf((command) => ({ ...rangeOf(bytes, command), Body: Readable.from([]) }));

    await expect(readInto(source, 0, new Uint8Array(10))).rejects.toMatchObject({
      name: 'StoreUnavailable',
      message: 'the answers about "k" break off',
      cause: { name: 'StoreUnavailable', message: 'the answer about "k" ended early' },
    });

    expect(sent).toHaveLength(5);
    expect(pauses).toEqual([50, 100, 200, 400]);
  });

  it('does not read from an object that is too short, and lets its body go', async () => {
    const bodies: Readable[] = [];
    const { source, sent } = sourceOf((command) => {
      const answer = rangeOf(pattern(10, 4), command);
      bodies.push(answer.Body);
      return answer;
    });
    await expect(readInto(source, 5, new Uint8Array(6))).rejects.toMatchObject({
      name: 'RangeNotSatisfiable',
      message: '"k" is shorter than the range asked for',
    });
    expect(sent).toHaveLength(1);
    expect(bodies[0]!.destroyed).toBe(true);
    await readInto(source, 5, new Uint8Array(5));
  });

  it('says that the object was replaced where its pieces are of two states', async () => {
    const bytes = pattern(9 * MiB, 5);
    const { source } = sourceOf((command, number) => rangeOf(bytes, command, `"${number}"`));
    await expect(readInto(source, 0, new Uint8Array(9 * MiB))).rejects.toMatchObject({
      name: 'StoreUnavailable',
      message: '"k" was replaced while it was read',
    });
  });

  it('refuses a store that answers with no range, and lets its body go', async () => {
    for (const ContentRange of [undefined, 'bytes 0-2/*', 'bytes 0-2/3 ']) {
      const Body = Readable.from([pattern(3, 6)]);
      const { source } = sourceOf(() => ({ Body, ContentRange, ETag: '"e"' }));
      await expect(readInto(source, 0, new Uint8Array(3))).rejects.toMatchObject({
        name: 'StoreUnsuitable',
        message: 'the store of "b" does not answer ranges',
      });
      expect(Body.destroyed).toBe(true);
    }
  });

  it('begins nothing more once a piece has failed, and tells of the first that did', async () => {
    const { source, sent } = sourceOf(() => {
      throw sdkError(403, 'AccessDenied');
    });
    await expect(readInto(source, 0, new Uint8Array(80 * MiB))).rejects.toMatchObject({
      name: 'ObjectUnreadable',
      obstacle: 'forbidden',
    });
    // Eight at once; of ten, two never began.
    expect(sent).toHaveLength(8);
  });

  it('ends with the reason of its caller, and does not try again after it', async () => {
    const stop = new AbortController();
    const { source, sent } = sourceOf((command) => {
      stop.abort(new Error('nobody waits any more'));
      return { ...rangeOf(pattern(10, 7), command), Body: broken() };
    });
    await expect(readInto(source, 0, new Uint8Array(10), stop.signal)).rejects.toThrow(
      'nobody waits any more',
    );
    await expect(readInto(source, 0, new Uint8Array(10), stop.signal)).rejects.toThrow(
      'nobody waits any more',
    );
    expect(sent).toHaveLength(1);
    expect(pauses).toEqual([]);
  });
});

describe('reading an object whole', () => {
  it('learns its length from the first piece, and asks for the rest in the same state', async () => {
    const bytes = pattern(17 * MiB, 8);
    const { source, sent } = sourceOf((command) => rangeOf(bytes, command));
    const { body, output } = await readWhole(source, {});
    expect(sameBytes(body, bytes)).toBe(true);
    expect(output.ETag).toBe('"e"');
    expect(asked(sent)).toEqual([
      ['bytes=0-8388607', undefined],
      ['bytes=8388608-16777215', '"e"'],
      ['bytes=16777216-17825791', '"e"'],
    ]);
  });

  it('reads the first piece anew, in the same state, where it broke off', async () => {
    const bytes = pattern(10, 9);
    const { source, sent } = sourceOf((command, number) => ({
      ...rangeOf(bytes, command),
      ...(number === 1 && { Body: broken(bytes.subarray(0, 4)) }),
    }));
    expect((await readWhole(source, {})).body).toEqual(bytes);
    expect(asked(sent)).toEqual([
      ['bytes=0-8388607', undefined],
      ['bytes=0-9', '"e"'],
    ]);
  });

  it('hands the signal of its caller to each request, and says of none where there is none', async () => {
    const { signal } = new AbortController();
    const { source, options } = sourceOf((command) => rangeOf(pattern(4, 11), command));
    await readWhole(source, { signal });
    await readWhole(source, {});
    expect(options).toStrictEqual([{ abortSignal: signal }, {}]);
    expect((options[0] as { abortSignal: AbortSignal }).abortSignal).toBe(signal);
  });

  it('takes no more bytes than its caller, and lets the body go', async () => {
    const bodies: Readable[] = [];
    const { source } = sourceOf((command) => {
      const answer = rangeOf(pattern(10, 10), command);
      bodies.push(answer.Body);
      return answer;
    });
    await expect(readWhole(source, { maxBytes: 9 })).rejects.toMatchObject({
      name: 'ObjectTooLarge',
      size: 10,
      message: '"k" has 10 bytes, more than were to be read',
    });
    expect(bodies[0]!.destroyed).toBe(true);
    expect((await readWhole(source, { maxBytes: 10 })).body).toHaveLength(10);
  });
});
