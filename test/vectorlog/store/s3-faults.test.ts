/** What the S3 store makes of lost answers, broken connections and refusals. */

import { describe, expect, it } from 'vitest';
import {
  ObjectNotFound,
  PreconditionFailed,
  RangeNotSatisfiable,
  StoreUnavailable,
  StoreUnsuitable,
} from '../../../vectorlog/store/errors.ts';
import { storeErrorOf } from '../../../vectorlog/store/s3/faults.ts';
import { pattern, sameBytes } from './conformance.ts';
import { refusal, type ScriptedAnswer, type ScriptedRequest, scriptedS3 } from './scripted-s3.ts';

const MiB = 1024 * 1024;
const body = new TextEncoder().encode('manifest');
const done: ScriptedAnswer = { status: 200, headers: { etag: '"e1"' } };
const tooLate = refusal(412, 'PreconditionFailed');

/** What a HEAD of the object says that `request` wrote. */
const asWrittenBy = (request: ScriptedRequest): ScriptedAnswer => ({
  status: 200,
  headers: { etag: '"e1"', 'x-amz-meta-likeness-write': request.headers['x-amz-meta-likeness-write']! },
});
const asWrittenByAnother: ScriptedAnswer = {
  status: 200,
  headers: { etag: '"e2"', 'x-amz-meta-likeness-write': 'another' },
};
const methods = (requests: readonly ScriptedRequest[]) => requests.map(({ method }) => method);

describe('a head that is refused', () => {
  const sseC: ScriptedAnswer = {
    status: 400,
    body: '<Error><Code>InvalidRequest</Code><Message>The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.</Message></Error>',
  };

  it('for want of the key of SSE-C says so, by a GET of its first byte', async () => {
    const { store, requests } = await scriptedS3(() => sseC);

    await expect(store.head('a')).rejects.toMatchObject({ name: 'ObjectUnreadable', obstacle: 'encrypted' });

    expect(methods(requests)).toEqual(['HEAD', 'GET']);
    expect(requests[1]!.headers.range).toBe('bytes=0-0');
  });

  it('for another reason is not taken for that', async () => {
    const { store } = await scriptedS3(() => refusal(400, 'InvalidToken'));
    const failure = await store.head('a').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StoreUnsuitable);
    expect(failure).not.toMatchObject({ obstacle: 'encrypted' });
  });
});

describe('a list', () => {
  it('whose answer was cut off is tried again by its caller, and no refusal', async () => {
    const body =
      '<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a</Key';
    const { store } = await scriptedS3(() => ({ status: 200, body }));
    const listing = store.list({ prefix: '' })[Symbol.asyncIterator]();
    await expect(listing.next()).rejects.toBeInstanceOf(StoreUnavailable);
  });
});

describe('putIfAbsent on S3', () => {
  it('asks that nothing be there', async () => {
    const { store, requests } = await scriptedS3(() => done);

    expect(await store.putIfAbsent('a', body)).toBe(true);

    expect(requests).toHaveLength(1);
    expect(requests[0]!.headers['if-none-match']).toBe('*');
    expect(requests[0]!.body.toString()).toBe('manifest');
  });

  it('believes a first 412 without asking again', async () => {
    const { store, requests } = await scriptedS3(() => tooLate);

    expect(await store.putIfAbsent('a', body)).toBe(false);

    expect(methods(requests)).toEqual(['PUT']);
  });

  it.each<[string, ScriptedAnswer]>([
    ['a 500', refusal(500, 'InternalError')],
    ['a 503', refusal(503, 'SlowDown')],
    ['a cut connection', { status: 'drop' }],
  ])('recognises its own object behind the 412 that follows %s', async (_, fault) => {
    const { store, requests } = await scriptedS3(({ number, method }) => {
      if (method === 'HEAD') return asWrittenBy(requests[0]!);
      return number === 1 ? fault : tooLate;
    });

    expect(await store.putIfAbsent('a', body)).toBe(true);

    expect(methods(requests)).toEqual(['PUT', 'PUT', 'HEAD']);
  });

  it("recognises another's object behind the 412 that follows a fault, even with the same bytes", async () => {
    const { store } = await scriptedS3(({ number, method }) => {
      if (method === 'HEAD') return asWrittenByAnother;
      return number === 1 ? refusal(500, 'InternalError') : tooLate;
    });

    expect(await store.putIfAbsent('a', body)).toBe(false);
  });

  it('tries again when what was in its way is gone by the time it looks', async () => {
    const { store, requests } = await scriptedS3(({ number, method }) => {
      if (method === 'HEAD') return { status: 404 };
      return number === 1 ? { status: 'drop' } : number === 2 ? tooLate : done;
    });

    expect(await store.putIfAbsent('a', body)).toBe(true);

    expect(methods(requests)).toEqual(['PUT', 'PUT', 'HEAD', 'PUT']);
  });

  it('tries again after a 409, which decides nothing', async () => {
    const conflict = refusal(409, 'ConditionalRequestConflict');
    const { store, requests } = await scriptedS3(({ number }) => (number < 4 ? conflict : tooLate));

    expect(await store.putIfAbsent('a', body)).toBe(false);

    expect(methods(requests)).toEqual(['PUT', 'PUT', 'PUT', 'PUT']);
  });

  it('remembers across a 409 that an earlier try may have written', async () => {
    const { store, requests } = await scriptedS3(({ number, method }) => {
      if (method === 'HEAD') return asWrittenBy(requests[0]!);
      return [{ status: 'drop' as const }, refusal(409, 'ConditionalRequestConflict'), tooLate][number - 1]!;
    });

    expect(await store.putIfAbsent('a', body)).toBe(true);
  });

  it('gives up on conflicts without end, saying that another try may help', async () => {
    const { store, requests } = await scriptedS3(() => refusal(409, 'ConditionalRequestConflict'));

    await expect(store.putIfAbsent('a', body)).rejects.toMatchObject({ retryable: true });

    expect(requests).toHaveLength(10);
  });

  it('says that it does not know when no try got an answer', async () => {
    const { store, requests } = await scriptedS3(() => refusal(500, 'InternalError'));

    await expect(store.putIfAbsent('a', body)).rejects.toBeInstanceOf(StoreUnavailable);

    expect(requests).toHaveLength(5);
  });
});

/** Serves ranges of `bytes` as S3 does. */
const ranged = ({ headers }: ScriptedRequest, bytes: Uint8Array, eTag = 'e1'): ScriptedAnswer => {
  if (headers['if-match'] !== undefined && headers['if-match'] !== `"${eTag}"`) return tooLate;
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '')!;
  const part = bytes.subarray(Number(from), Number(to) + 1);
  return {
    status: 206,
    headers: {
      etag: `"${eTag}"`,
      'content-range': `bytes ${from}-${Number(from) + part.byteLength - 1}/${bytes.byteLength}`,
    },
    body: part,
  };
};

describe('reading from S3', () => {
  it('asks once for a small object', async () => {
    const { store, requests } = await scriptedS3((request) => ranged(request, body));

    expect(Buffer.from((await store.get('a')).body).toString()).toBe('manifest');

    expect(requests).toHaveLength(1);
  });

  it('takes up a body that breaks off where it broke off, from the same state of the object', async () => {
    const bytes = pattern(3 * MiB, 1);
    const { store, requests } = await scriptedS3((request) => ({
      ...ranged(request, bytes),
      ...(request.number <= 2 && { cutAfter: MiB }),
    }));

    const read = await store.read('a', { start: 10, end: bytes.length });

    expect(sameBytes(read, bytes.subarray(10))).toBe(true);
    expect(requests).toHaveLength(3);
    expect(requests[0]!.headers.range).toBe(`bytes=10-${bytes.length - 1}`);
    const [, resumed] = /^bytes=(\d+)-/.exec(requests[2]!.headers.range!)!;
    expect(Number(resumed)).toBeGreaterThan(MiB);
    expect(requests[2]!.headers['if-match']).toBe('"e1"');
  });

  it('gets an object whole although every first body breaks off', async () => {
    const bytes = pattern(20 * MiB, 2);
    const seen = new Set<string>();
    const { store } = await scriptedS3((request) => {
      const end = /-(\d+)$/.exec(request.headers.range!)![1]!;
      const isFirst = !seen.has(end);
      seen.add(end);
      return { ...ranged(request, bytes), ...(isFirst && { cutAfter: MiB }) };
    });

    expect(sameBytes((await store.get('a')).body, bytes)).toBe(true);
  });

  it('gives up on bodies that break off again and again', async () => {
    const { store } = await scriptedS3((request) => ({ ...ranged(request, pattern(MiB, 3)), cutAfter: 0 }));

    await expect(store.read('a', { start: 0, end: MiB })).rejects.toBeInstanceOf(StoreUnavailable);
  });

  it('writes no more into memory that it has given back', async () => {
    const bytes = pattern(40 * MiB, 9);
    const { store, answering } = await scriptedS3((request) => {
      const isSecond = request.headers.range!.startsWith(`bytes=${8 * MiB}-`);
      return isSecond ? refusal(403, 'AccessDenied') : ranged(request, bytes);
    });
    const memory = new Uint8Array(bytes.length);

    await expect(store.read('a', { start: 0, end: bytes.length }, memory)).rejects.toBeInstanceOf(
      StoreUnsuitable,
    );

    memory.fill(0);
    await expect.poll(answering).toBe(0);
    expect(sameBytes(memory, new Uint8Array(memory.length))).toBe(true);
  });

  it('leaves no connection with the rest of an answer on it', async () => {
    const bytes = pattern(4 * MiB, 10);
    const { store, open } = await scriptedS3((request) => ranged(request, bytes));

    for (let i = 0; i < 3; i++)
      await expect(store.read('a', { start: 0, end: bytes.length + 1 })).rejects.toBeInstanceOf(
        RangeNotSatisfiable,
      );

    await expect.poll(open).toBe(0);
  });

  it('never mixes two states of an object that is replaced during the read', async () => {
    const [old, replaced] = [pattern(20 * MiB, 4), pattern(20 * MiB, 5)];
    const { store } = await scriptedS3((request) =>
      request.number === 1 ? ranged(request, old, 'old') : ranged(request, replaced, 'new'),
    );

    const object = await store.get('a');

    expect(object.eTag).toBe('new');
    expect(sameBytes(object.body, replaced)).toBe(true);
    const { store: again } = await scriptedS3((request) =>
      request.number === 1 ? ranged(request, old, 'old') : ranged(request, replaced, 'new'),
    );
    await expect(again.read('a', { start: 0, end: 20 * MiB })).rejects.toBeInstanceOf(StoreUnavailable);
  });

  it('says so when the state that was asked for is replaced during the read', async () => {
    const old = pattern(20 * MiB, 6);
    const { store } = await scriptedS3((request) =>
      request.number === 1 ? ranged(request, old, 'old') : ranged(request, old, 'new'),
    );

    await expect(store.get('a', { ifMatch: 'old' })).rejects.toBeInstanceOf(PreconditionFailed);
  });

  it('refuses a store that does not answer ranges', async () => {
    const { store } = await scriptedS3(() => ({ ...done, body: 'the whole object' }));

    await expect(store.read('a', { start: 0, end: 3 })).rejects.toBeInstanceOf(StoreUnsuitable);
  });
});

describe('composing on S3', () => {
  const created: ScriptedAnswer = {
    status: 200,
    body: '<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>',
  };
  const completed: ScriptedAnswer = {
    status: 200,
    body: '<CompleteMultipartUploadResult><ETag>"e-2"</ETag></CompleteMultipartUploadResult>',
  };
  const pieces = [pattern(8 * MiB, 7), pattern(MiB, 8)];

  /** Answers a multipart upload as S3 does, but for what a test decides about the last step and what HEAD says. */
  const upload =
    (last: (completion: number) => ScriptedAnswer, head: (first: ScriptedRequest) => ScriptedAnswer) =>
    (all: () => readonly ScriptedRequest[]) =>
    (request: ScriptedRequest): ScriptedAnswer => {
      if (request.method === 'HEAD') return head(all()[0]!);
      if (request.method === 'PUT') return done;
      if (request.method === 'DELETE') return { status: 204 };
      if (request.query.has('uploads')) return created;
      return last(all().filter(({ method, query }) => method === 'POST' && !query.has('uploads')).length);
    };
  const start = async (script: ReturnType<typeof upload>) => {
    const s3 = await scriptedS3((request) => script(() => s3.requests)(request));
    return s3;
  };

  it('sends the parts and completes them in order', async () => {
    const { store, requests } = await start(
      upload(
        () => completed,
        () => ({ status: 404 }),
      ),
    );

    expect(await store.compose('a', pieces)).toEqual({ size: 9 * MiB });

    const last = requests.at(-1)!;
    expect([...last.body.toString().matchAll(/<PartNumber>(\d+)/g)].map(([, n]) => n)).toEqual(['1', '2']);
    expect(requests.filter(({ method }) => method === 'DELETE')).toHaveLength(0);
  });

  it('tries again when the last step answers 200 with an error inside', async () => {
    const { store } = await start(
      upload(
        (n) => (n === 1 ? { ...refusal(200, 'InternalError') } : completed),
        () => ({ status: 404 }),
      ),
    );

    expect(await store.compose('a', pieces)).toEqual({ size: 9 * MiB });
  });

  it('recognises its own object when the answer to the last step was lost', async () => {
    const { store, requests } = await start(
      upload((n) => (n === 1 ? { status: 'drop' } : refusal(404, 'NoSuchUpload')), asWrittenBy),
    );

    expect(await store.compose('a', pieces)).toEqual({ size: 9 * MiB });

    expect(requests.filter(({ method }) => method === 'DELETE')).toHaveLength(0);
  });

  it("fails and cleans up when the object that is there is another's", async () => {
    const { store, requests } = await start(
      upload(
        (n) => (n === 1 ? { status: 'drop' } : refusal(404, 'NoSuchUpload')),
        () => asWrittenByAnother,
      ),
    );

    await expect(store.compose('a', pieces)).rejects.toBeInstanceOf(StoreUnavailable);

    expect(requests.at(-1)!.method).toBe('DELETE');
    expect(requests.at(-1)!.query.get('uploadId')).toBe('u1');
  });
});

describe('what S3 answers', () => {
  it.each([
    [403, 'AccessDenied', StoreUnsuitable],
    [403, 'SignatureDoesNotMatch', StoreUnsuitable],
    [301, 'PermanentRedirect', StoreUnsuitable],
    [404, 'NoSuchBucket', StoreUnsuitable],
    [404, 'NoSuchKey', ObjectNotFound],
    [400, 'InvalidArgument', StoreUnsuitable],
    [400, 'ExpiredToken', StoreUnavailable],
    [501, 'NotImplemented', StoreUnsuitable],
  ])('takes %i %s for what it means', async (status, code, expected) => {
    const { store } = await scriptedS3(() => refusal(status, code));

    await expect(store.put('a', body)).rejects.toBeInstanceOf(expected);
    await expect(store.get('a')).rejects.toBeInstanceOf(expected);
  });

  it.each([
    [400, 'RequestTimeout'],
    [400, 'KMS.ThrottlingException'],
    [429, 'TooManyRequests'],
    [500, 'InternalError'],
    [503, 'SlowDown'],
    [undefined, 'TimeoutError'],
  ])('is a passing fault when it is %s %s, once the client has given up', (httpStatusCode, name) => {
    const $metadata = httpStatusCode === undefined ? {} : { httpStatusCode };
    const error = Object.assign(new Error('as scripted'), { name, $metadata });

    expect(storeErrorOf(error, 'bucket', 'a')).toBeInstanceOf(StoreUnavailable);
  });

  it.each(['KMS.DisabledException', 'KMS.KMSInvalidStateException', 'KMS.NotFoundException'])(
    'is of the one object when it is %s: the key that it is encrypted with',
    (name) => {
      const error = Object.assign(new Error('as scripted'), { name, $metadata: { httpStatusCode: 400 } });
      expect(storeErrorOf(error, 'bucket', 'a')).toMatchObject({
        name: 'ObjectUnreadable',
        obstacle: 'forbidden',
      });
      expect(storeErrorOf(error, 'bucket')).not.toMatchObject({ name: 'ObjectUnreadable' });
    },
  );

  it('is waited out while it is a passing fault', async () => {
    const { store, requests } = await scriptedS3(({ number }) =>
      number < 4 ? [refusal(502, 'x'), { status: 'drop' as const }, refusal(500, 'y')][number - 1]! : done,
    );

    expect(await store.put('a', body)).toEqual({ eTag: 'e1' });

    expect(requests).toHaveLength(4);
  });

  it('tells what a deletion left behind', async () => {
    const { store } = await scriptedS3(() => ({
      status: 200,
      body: '<DeleteResult><Error><Key>b</Key><Code>InternalError</Code><Message>no</Message></Error></DeleteResult>',
    }));

    await expect(store.delete(['a', 'b'])).rejects.toBeInstanceOf(StoreUnavailable);
  });
});

describe('connections to S3', () => {
  it('are kept, also for large uploads', async () => {
    const { store, connections } = await scriptedS3(() => done);

    for (let i = 0; i < 10; i++) await store.put('a', pattern(4 * MiB, i));

    expect(connections()).toBe(1);
  });
});
