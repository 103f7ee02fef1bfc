/** What S3Store asks of S3, and what it makes of each answer, with no S3 at all. */

import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { ListOptions, ObjectInfo } from '../../../vectorlog/store/object-store.ts';
import { S3Store } from '../../../vectorlog/store/s3-store.ts';
import { fakeClient, rangeOf, type Sent, sdkError } from './s3/fake-client.ts';

const LastModified = new Date('2026-06-01T12:00:00Z');
const body = new TextEncoder().encode('0123');

function storeThat(answer: Parameters<typeof fakeClient>[0]) {
  const { client, sent } = fakeClient(answer);
  return { store: new S3Store({ client, bucket: 'b' }), sent };
}
const names = (sent: readonly Sent[]) => sent.map(({ name }) => name);
const failing = (error: Error) => () => {
  throw error;
};

describe('head', () => {
  it('says what S3 says, and nothing more', async () => {
    const { store, sent } = storeThat(() => ({
      ContentLength: 4,
      ETag: '"e"',
      LastModified,
      ContentType: 'x/y',
      Metadata: { Owner: '=?UTF-8?Q?=C3=B6?=', 'likeness-write': 'W' },
    }));
    expect(await store.head('k')).toEqual({
      key: 'k',
      size: 4,
      eTag: 'e',
      lastModified: LastModified,
      contentType: 'x/y',
      metadata: { owner: 'ö' },
    });
    expect(sent).toEqual([{ name: 'HeadObject', input: { Bucket: 'b', Key: 'k' } }]);
    expect(await storeThat(() => ({})).store.head('k')).toEqual({
      key: 'k',
      size: 0,
      eTag: '',
      lastModified: new Date(0),
      contentType: undefined,
      metadata: {},
    });
  });

  it('of nothing is nothing, and another refusal is told', async () => {
    expect(await storeThat(failing(sdkError(404, 'NotFound'))).store.head('k')).toBeUndefined();
    const { store, sent } = storeThat(failing(sdkError(403, 'Forbidden')));
    await expect(store.head('k')).rejects.toMatchObject({ name: 'ObjectUnreadable', obstacle: 'forbidden' });
    expect(names(sent)).toEqual(['HeadObject']);
  });

  it('that is refused without words is told with those of a read, where that is refused too', async () => {
    const message = 'stored using a form of Server Side Encryption';
    const { store, sent } = storeThat(({ name }) => {
      throw name === 'HeadObject' ? sdkError(400, 'Bad') : sdkError(400, 'InvalidRequest', { message });
    });
    await expect(store.head('k')).rejects.toMatchObject({ obstacle: 'encrypted' });
    expect(sent[1]).toEqual({ name: 'GetObject', input: { Bucket: 'b', Key: 'k', Range: 'bytes=0-0' } });

    const Body = { transformToByteArray: async () => new Uint8Array(1) };
    for (const answer of [{ Body }, {}]) {
      const readable = storeThat(({ name }) => {
        if (name === 'HeadObject') throw sdkError(400, 'Bad');
        return answer;
      });
      await expect(readable.store.head('k')).rejects.toMatchObject({
        name: 'StoreUnsuitable',
        message: 'the store refuses the request about "k" in the bucket "b" (Bad: as scripted)',
      });
    }
  });
});

describe('get', () => {
  it('asks for the state that the caller saw', async () => {
    const { store, sent } = storeThat((command) => ({
      ...rangeOf(body, command),
      LastModified,
      ContentLength: 999,
    }));
    expect(await store.get('k', { ifMatch: 'e' })).toEqual({
      key: 'k',
      size: 4,
      eTag: 'e',
      lastModified: LastModified,
      contentType: undefined,
      metadata: {},
      body,
    });
    await store.get('k');
    expect(sent.map(({ input }) => input.IfMatch)).toEqual(['"e"', undefined]);
  });

  it('does not read more than its caller takes', async () => {
    const { store } = storeThat((command) => rangeOf(body, command));
    await expect(store.get('k', { maxBytes: 3 })).rejects.toMatchObject({ name: 'ObjectTooLarge', size: 4 });
  });

  describe('where no range can be satisfied', () => {
    const noRange = sdkError(416, 'InvalidRange');
    const withHead = (head: () => unknown) =>
      storeThat(({ name }) => {
        if (name === 'GetObject') throw noRange;
        return head();
      });

    it('is an empty object', async () => {
      const { store, sent } = withHead(() => ({ ContentLength: 0, ETag: '"e"', LastModified }));
      expect(await store.get('k', { ifMatch: 'e' })).toMatchObject({
        size: 0,
        eTag: 'e',
        body: new Uint8Array(0),
      });
      expect(names(sent)).toEqual(['GetObject', 'HeadObject']);
    });

    it('is none any more, or another', async () => {
      const gone = withHead(failing(sdkError(404, 'NotFound')));
      await expect(gone.store.get('k')).rejects.toMatchObject({ name: 'ObjectNotFound', key: 'k' });
      const other = withHead(() => ({ ContentLength: 0, ETag: '"other"' }));
      await expect(other.store.get('k', { ifMatch: 'e' })).rejects.toMatchObject({
        name: 'PreconditionFailed',
        key: 'k',
      });
    });

    it('is asked for again where it has bytes by now, three times', async () => {
      const { store, sent } = withHead(() => ({ ContentLength: 4, ETag: '"e"' }));
      await expect(store.get('k')).rejects.toMatchObject({
        name: 'StoreUnavailable',
        message: '"k" is replaced all the time',
      });
      expect(names(sent).filter((name) => name === 'GetObject')).toHaveLength(3);
    });
  });

  it('is tried again where the object was replaced, and not where its caller wants the old state', async () => {
    const replaced = storeThat((command, number) => {
      if (number < 3) throw sdkError(412, 'PreconditionFailed');
      return rangeOf(body, command);
    });
    expect((await replaced.store.get('k')).body).toEqual(body);
    const old = storeThat(failing(sdkError(412, 'PreconditionFailed')));
    await expect(old.store.get('k', { ifMatch: 'e' })).rejects.toMatchObject({ name: 'PreconditionFailed' });
    expect(old.sent).toHaveLength(1);
  });
});

describe('read', () => {
  it('of no bytes still tells whether the object is there, and as long', async () => {
    const { store, sent } = storeThat(() => ({ ContentLength: 4 }));
    expect(await store.read('k', { start: 4, end: 4 })).toEqual(new Uint8Array(0));
    await expect(store.read('k', { start: 5, end: 5 })).rejects.toMatchObject({
      name: 'RangeNotSatisfiable',
    });
    expect(names(sent)).toEqual(['HeadObject', 'HeadObject']);
    const none = storeThat(failing(sdkError(404, 'NotFound')));
    await expect(none.store.read('k', { start: 0, end: 0 })).rejects.toMatchObject({
      name: 'ObjectNotFound',
      key: 'k',
    });
  });
});

describe('list', () => {
  const listed = async (answer: Parameters<typeof fakeClient>[0], options: ListOptions) => {
    const { store, sent } = storeThat(answer);
    const pages: (readonly ObjectInfo[])[] = [];
    for await (const page of store.list(options)) pages.push(page);
    return { keys: pages.map((page) => page.map(({ key }) => key)), pages, sent };
  };

  it('asks for what is wanted, page after page, and for nothing more', async () => {
    const { keys, sent } = await listed(
      (_, number) =>
        [
          { Contents: [{ Key: 'p/1' }], IsTruncated: true, NextContinuationToken: 't1' },
          { Contents: [], IsTruncated: true, NextContinuationToken: 't2' },
          { Contents: [{ Key: 'p/2' }, { Key: 'p/3' }], IsTruncated: false, NextContinuationToken: 't3' },
        ][number - 1],
      { prefix: 'p/', startAfter: 'p/0', pageSize: 2 },
    );
    const first = { Bucket: 'b', Prefix: 'p/', EncodingType: 'url', StartAfter: 'p/0', MaxKeys: 2 };
    expect(sent).toEqual([
      { name: 'ListObjectsV2', input: first },
      { name: 'ListObjectsV2', input: { ...first, ContinuationToken: 't1' } },
      { name: 'ListObjectsV2', input: { ...first, ContinuationToken: 't2' } },
    ]);
    expect(keys).toEqual([['p/1'], ['p/2', 'p/3']]);
  });

  it('says nothing of where to begin when nobody did', async () => {
    const { keys, sent } = await listed(() => ({}), { prefix: '', startAfter: '' });
    expect(sent).toEqual([
      { name: 'ListObjectsV2', input: { Bucket: 'b', Prefix: '', EncodingType: 'url' } },
    ]);
    expect(keys).toEqual([]);
  });

  it('ends before a key, and asks for no page after it', async () => {
    const pages = [
      { Contents: [{ Key: 'a' }, { Key: 'b' }, { Key: 'c' }], IsTruncated: true, NextContinuationToken: 't' },
    ];
    for (const [endBefore, expected] of [
      ['b', [['a']]],
      ['bb', [['a', 'b']]],
      ['a', []],
    ] as const) {
      const { keys, sent } = await listed((_, number) => pages[number - 1], { prefix: '', endBefore });
      expect(keys).toEqual(expected);
      expect(sent).toHaveLength(1);
    }
  });

  it('reads keys as URLs have them, and what is said of each object', async () => {
    const { pages } = await listed(
      () => ({
        Contents: [
          { Key: 'a+b%2Bc%0A+d', Size: 3, ETag: '"e"', LastModified, StorageClass: 'GLACIER' },
          { Size: 1 },
        ],
      }),
      { prefix: '' },
    );
    expect(pages).toEqual([
      [
        { key: 'a b+c\n d', size: 3, eTag: 'e', lastModified: LastModified, isArchived: true },
        { key: '', size: 1, eTag: '', lastModified: new Date(0) },
      ],
    ]);
  });

  it('tells of a fault as one of the bucket', async () => {
    await expect(listed(failing(sdkError(403, 'AccessDenied')), { prefix: '' })).rejects.toThrow(
      'no permission for the bucket "b"',
    );
  });
});

describe('put', () => {
  it('sends body, content type and metadata, and nothing where there is nothing', async () => {
    const { store, sent } = storeThat(() => ({ ETag: '"e"' }));
    expect(await store.put('k', body, { contentType: 'x/y', metadata: { Owner: 'ada' } })).toEqual({
      eTag: 'e',
    });
    await store.put('k', body);
    expect(sent).toEqual([
      {
        name: 'PutObject',
        input: { Bucket: 'b', Key: 'k', Body: body, ContentType: 'x/y', Metadata: { owner: 'ada' } },
      },
      { name: 'PutObject', input: { Bucket: 'b', Key: 'k', Body: body, Metadata: {} } },
    ]);
  });

  it('if absent names the write, and knows it again', async () => {
    const { store, sent } = storeThat(({ name }, number) => {
      if (number === 1) throw sdkError(412, 'PreconditionFailed', { attempts: 2 });
      if (name === 'HeadObject') return { Metadata: sent[0]!.input.Metadata };
      return {};
    });
    expect(await store.putIfAbsent('k', body, { metadata: { a: '1' } })).toBe(true);
    expect(sent[0]!.input).toMatchObject({
      IfNoneMatch: '*',
      Body: body,
      Metadata: { a: '1', 'likeness-write': expect.stringMatching(/^[0-9A-Z]{26}$/) },
    });
    expect(names(sent)).toEqual(['PutObject', 'HeadObject']);
  });

  it('tells of a fault as one of the object', async () => {
    const { store } = storeThat(failing(sdkError(403, 'AccessDenied')));
    const about = /^no permission for "k" in the bucket "b"/;
    await expect(store.put('k', body)).rejects.toThrow(about);
    await expect(store.putIfAbsent('k', body)).rejects.toThrow(about);
    await expect(store.compose('k', [body])).rejects.toThrow(about);
  });
});

describe('compose', () => {
  it('looks at each source once, and at how long it is', async () => {
    const { store, sent } = storeThat((command) =>
      command.name === 'HeadObject'
        ? { ContentLength: 4 }
        : command.name === 'GetObject'
          ? rangeOf(body, command)
          : {},
    );
    const part = (start: number, end: number) => ({ copyFrom: 'old', range: { start, end } });

    expect(await store.compose('k', [body, part(1, 3), part(0, 4)], { contentType: 'x/y' })).toEqual({
      size: 10,
    });

    expect(names(sent)).toEqual(['HeadObject', 'GetObject', 'GetObject', 'PutObject']);
    expect(sent[0]!.input).toEqual({ Bucket: 'b', Key: 'old' });
    expect(new TextDecoder().decode(sent[3]!.input.Body as Uint8Array)).toBe('0123120123');
    expect(sent[3]!.input).toMatchObject({
      ContentType: 'x/y',
      Metadata: { 'likeness-write': expect.stringMatching(/^[0-9A-Z]{26}$/) },
    });
    await expect(store.compose('k', [part(1, 5)])).rejects.toMatchObject({
      name: 'RangeNotSatisfiable',
      key: 'old',
    });
  });

  it('refuses a source that is not there', async () => {
    const { store } = storeThat(failing(sdkError(404, 'NotFound')));
    await expect(
      store.compose('k', [{ copyFrom: 'old', range: { start: 0, end: 1 } }]),
    ).rejects.toMatchObject({
      name: 'ObjectNotFound',
      key: 'old',
    });
  });

  it('whose last answer was lost is done where the object names the write, and not where there is none', async () => {
    const large = new Uint8Array(8 * 1024 * 1024 + 1);
    const composing = (head: (write: unknown) => unknown) => {
      const { store, sent } = storeThat(({ name }) => {
        if (name === 'CreateMultipartUpload') return { UploadId: 'u' };
        if (name === 'CompleteMultipartUpload') throw sdkError(404, 'NoSuchUpload');
        if (name === 'HeadObject') return head(sent[0]!.input.Metadata);
        return {};
      });
      return store.compose('k', [large]);
    };
    expect(await composing((Metadata) => ({ Metadata }))).toEqual({ size: large.length });
    await expect(composing(() => ({ Metadata: { 'likeness-write': 'another' } }))).rejects.toMatchObject({
      name: 'StoreUnavailable',
    });
    await expect(composing(failing(sdkError(404, 'NotFound')))).rejects.toMatchObject({
      name: 'StoreUnavailable',
    });
  });
});

describe('delete', () => {
  it('takes a thousand keys a request, and one by one those that XML cannot have', async () => {
    const { store, sent } = storeThat(() => ({}));
    const keys = Array.from({ length: 1_001 }, (_, i) => `k${i}`);

    await store.delete(['tab\there', ...keys, 'last\uffff', 'bell\u0007']);

    expect(sent.slice(0, 3)).toEqual(
      ['tab\there', 'last\uffff', 'bell\u0007'].map((Key) => ({
        name: 'DeleteObject',
        input: { Bucket: 'b', Key },
      })),
    );
    const batches = [keys.slice(0, 1_000), keys.slice(1_000)];
    expect(sent.slice(3)).toEqual(
      batches.map((batch) => ({
        name: 'DeleteObjects',
        input: { Bucket: 'b', Delete: { Objects: batch.map((Key) => ({ Key })), Quiet: true } },
      })),
    );
  });

  it('of nothing asks nothing, and of a key that can be none neither', async () => {
    const { store, sent } = storeThat(() => ({}));
    await store.delete([]);
    await expect(store.delete(['a', ''])).rejects.toMatchObject({ name: 'KeyInvalid' });
    expect(sent).toEqual([]);
  });

  it.each([
    ['AccessDenied', 'StoreUnsuitable'],
    ['InternalError', 'StoreUnavailable'],
  ])('says what stayed, and that %s makes it %s', async (Code, name) => {
    const Errors = ['x', 'y', 'z'].map((Key) => ({ Key, Code, Message: 'no' }));
    const { store } = storeThat(() => ({ Errors }));
    await expect(store.delete(['x', 'y', 'z', 'w'])).rejects.toMatchObject({
      name,
      message: `"x" and 2 more could not be deleted (${Code}: no)`,
    });
  });

  it('tells which key a request was about', async () => {
    const { store } = storeThat(failing(sdkError(403, 'AccessDenied')));
    await expect(store.delete(['bell\u0007'])).rejects.toMatchObject({
      name: 'ObjectUnreadable',
      key: 'bell\u0007',
    });
    await expect(store.delete(['a'])).rejects.toThrow('no permission for the bucket "b"');
  });
});

it('refuses what can be no key before it asks', async () => {
  const { store, sent } = storeThat(() => ({ Body: Readable.from([]) }));
  const refused = { name: 'KeyInvalid' };
  await expect(store.get('')).rejects.toMatchObject(refused);
  await expect(store.read('', { start: 0, end: 0 })).rejects.toMatchObject(refused);
  await expect(store.head('')).rejects.toMatchObject(refused);
  await expect(store.put('', body)).rejects.toMatchObject(refused);
  await expect(store.putIfAbsent('', body)).rejects.toMatchObject(refused);
  await expect(store.compose('', [body])).rejects.toMatchObject(refused);
  expect(sent).toEqual([]);
});
