/** A plan as S3 is asked to carry it out: which requests, of what, and what becomes of them when one fails. */

import { describe, expect, it } from 'vitest';
import type { ByteRange } from '../../../../vectorlog/store/object-store.ts';
import { composeObject } from '../../../../vectorlog/store/s3/multipart.ts';
import type { PlannedPart } from '../../../../vectorlog/store/s3/multipart-plan.ts';
import { fakeClient, type Sent, sdkError } from './fake-client.ts';

const bytes = (...values: number[]) => new Uint8Array(values);
const upload = (...pieces: Uint8Array[]): PlannedPart => ({
  kind: 'upload',
  pieces,
  size: pieces.reduce((sum, { length }) => sum + length, 0),
});
const copyOf = (copyFrom: string, start: number, end: number): PlannedPart => ({
  kind: 'copy',
  source: { copyFrom, range: { start, end } },
  size: end - start,
});

const QUICKLY = { interval: 1 };
const ADDRESS = { Bucket: 'b', Key: 'k', UploadId: 'u' };
const INPUT = { Bucket: 'b', Key: 'k', Metadata: { m: '1' }, ContentType: 'x/y' };

/** Answers as S3 does, but for what a test decides. */
function target(decide: (sent: Sent) => unknown = () => undefined, isDone = async () => false) {
  const { client, sent } = fakeClient(
    (command) =>
      decide(command) ??
      {
        CreateMultipartUpload: { UploadId: 'u' },
        UploadPart: { ETag: `"part ${command.input.PartNumber}"` },
        UploadPartCopy: { CopyPartResult: { ETag: `"copy ${command.input.PartNumber}"` } },
      }[command.name] ??
      {},
  );
  const reads: unknown[] = [];
  const read = async (key: string, range: ByteRange, into: Uint8Array) => {
    reads.push([key, range]);
    into.fill(range.start);
  };
  const compose = (parts: readonly PlannedPart[] | AsyncIterable<PlannedPart>) =>
    composeObject({ client, input: INPUT, read, isDone }, inTurn(parts));
  return { compose, sent, reads, names: () => sent.map(({ name }) => name) };
}

async function* inTurn(parts: readonly PlannedPart[] | AsyncIterable<PlannedPart>) {
  yield* parts;
}

describe('an object of one part', () => {
  it('is put as it is, without a copy of its bytes', async () => {
    const { compose, sent } = target();
    const piece = bytes(1, 2);
    expect(await compose([{ kind: 'whole', pieces: [piece], size: 2 }])).toEqual({ size: 2 });
    expect(sent).toEqual([{ name: 'PutObject', input: { ...INPUT, Body: piece } }]);
    expect(sent[0]!.input.Body).toBe(piece);
  });

  it('is put together of pieces, and of ranges that are read into their place', async () => {
    const { compose, sent, reads } = target();
    const range = { start: 7, end: 9 };
    const pieces = [bytes(1, 2), { copyFrom: 'old', range }, bytes(3)];
    await compose([{ kind: 'whole', pieces, size: 5 }]);
    expect(sent[0]!.input.Body).toEqual(bytes(1, 2, 7, 7, 3));
    expect(reads).toEqual([['old', range]]);
  });

  it('may be a single range', async () => {
    const { compose, sent } = target();
    const pieces = [{ copyFrom: 'old', range: { start: 4, end: 6 } }];
    await compose([{ kind: 'whole', pieces, size: 2 }]);
    expect(sent[0]!.input.Body).toEqual(bytes(4, 4));
  });

  it('that cannot be put leaves no upload to take back', async () => {
    const { compose, names } = target(() => {
      throw sdkError(500, 'InternalError');
    });
    await expect(compose([{ kind: 'whole', pieces: [], size: 0 }])).rejects.toThrow('as scripted');
    expect(names()).toEqual(['PutObject']);
  });
});

describe('an object of several parts', () => {
  it('is begun, sent, copied and completed', async () => {
    const { compose, sent } = target();
    const parts = [upload(bytes(1, 2)), copyOf('a b/ü?/c', 5, 15), upload(bytes(3), bytes(4, 5))];

    expect(await compose(parts)).toEqual({ size: 15 });

    expect(sent).toEqual([
      { name: 'CreateMultipartUpload', input: INPUT },
      { name: 'UploadPart', input: { ...ADDRESS, PartNumber: 1, Body: bytes(1, 2) } },
      {
        name: 'UploadPartCopy',
        input: {
          ...ADDRESS,
          PartNumber: 2,
          CopySource: 'b/a%20b/%C3%BC%3F/c',
          CopySourceRange: 'bytes=5-14',
        },
      },
      { name: 'UploadPart', input: { ...ADDRESS, PartNumber: 3, Body: bytes(3, 4, 5) } },
      {
        name: 'CompleteMultipartUpload',
        input: {
          ...ADDRESS,
          MultipartUpload: {
            Parts: [
              { PartNumber: 1, ETag: '"part 1"' },
              { PartNumber: 2, ETag: '"copy 2"' },
              { PartNumber: 3, ETag: '"part 3"' },
            ],
          },
        },
      },
    ]);
  });

  it('of no parts is nothing, and asks nothing', async () => {
    const { compose, sent } = target();
    expect(await compose([])).toEqual({ size: 0 });
    expect(sent).toEqual([]);
  });

  it('has eight parts in the air at the most, and completes them by number, whichever was first', async () => {
    const waiting: (() => void)[] = [];
    const { compose, sent } = target(({ name, input }) =>
      name === 'UploadPart'
        ? new Promise((resolve) => waiting.push(() => resolve({ ETag: `${input.PartNumber}` })))
        : undefined,
    );
    const made = compose(Array.from({ length: 10 }, (_, i) => upload(bytes(i))));
    await expect.poll(() => waiting.length, QUICKLY).toBe(8);
    for (let i = 0; i < 5; i++) await Promise.resolve();
    expect(waiting).toHaveLength(8);
    waiting.pop()!();
    await expect.poll(() => waiting.length, QUICKLY).toBe(8);
    waiting.pop()!();
    await expect.poll(() => waiting.length, QUICKLY).toBe(8);
    while (waiting.length > 0) waiting.pop()!();
    expect(await made).toEqual({ size: 10 });
    expect(sent.at(-1)!.input.MultipartUpload).toEqual({
      Parts: Array.from({ length: 10 }, (_, i) => ({ PartNumber: i + 1, ETag: `${i + 1}` })),
    });
  });

  it('is refused past ten thousand, and taken back', async () => {
    const { compose, sent } = target();
    const piece = bytes(1);
    await expect(compose(Array.from({ length: 10_001 }, () => upload(piece)))).rejects.toMatchObject({
      name: 'StoreUnsuitable',
      message: '"k" would need more than 10000 parts',
    });
    expect(sent.filter(({ name }) => name === 'UploadPart')).toHaveLength(10_000);
    expect(sent.at(-1)).toEqual({ name: 'AbortMultipartUpload', input: ADDRESS });
  });
});

describe('an upload that fails', () => {
  it('is aborted only when its other parts have arrived or failed', async () => {
    const arrivals: (() => void)[] = [];
    const { compose, names } = target(({ name, input }) => {
      if (name !== 'UploadPart') return undefined;
      if (input.PartNumber === 2) throw sdkError(403, 'AccessDenied');
      return new Promise((resolve) => arrivals.push(() => resolve({ ETag: 'e' })));
    });
    const made = compose([upload(bytes(1)), upload(bytes(2)), upload(bytes(3))]);
    const failed = expect(made).rejects.toThrow('as scripted');
    await expect.poll(names, QUICKLY).toContain('UploadPart');
    for (let i = 0; i < 20; i++) await Promise.resolve();
    expect(names()).not.toContain('AbortMultipartUpload');
    for (const arrive of arrivals) arrive();
    await failed;
    expect(names().at(-1)).toBe('AbortMultipartUpload');
    expect(names()).not.toContain('CompleteMultipartUpload');
  });

  it('tells of its own error, and not of one of taking it back', async () => {
    const { compose, names } = target(({ name }) => {
      if (name === 'UploadPart') throw sdkError(403, 'AccessDenied', { message: 'the first' });
      if (name === 'AbortMultipartUpload') throw sdkError(500, 'InternalError', { message: 'the second' });
      return undefined;
    });
    await expect(compose([upload(bytes(1))])).rejects.toThrow('the first');
    expect(names()).toEqual(['CreateMultipartUpload', 'UploadPart', 'AbortMultipartUpload']);
  });

  it('in the last step is done all the same where the object is there, and else taken back', async () => {
    const lost = ({ name }: Sent) => {
      if (name === 'CompleteMultipartUpload') throw sdkError(404, 'NoSuchUpload');
      return undefined;
    };
    const done = target(lost, async () => true);
    expect(await done.compose([upload(bytes(1, 2))])).toEqual({ size: 2 });
    expect(done.names()).not.toContain('AbortMultipartUpload');
    const not = target(lost, async () => false);
    await expect(not.compose([upload(bytes(1, 2))])).rejects.toMatchObject({ name: 'NoSuchUpload' });
    expect(not.names().at(-1)).toBe('AbortMultipartUpload');
  });

  it('is none for a copy that S3 says nothing of', async () => {
    const { compose, sent } = target(({ name }) => (name === 'UploadPartCopy' ? {} : undefined));
    await compose([copyOf('a', 0, 1)]);
    expect(sent.at(-1)!.input.MultipartUpload).toEqual({ Parts: [{ PartNumber: 1, ETag: undefined }] });
  });
});
