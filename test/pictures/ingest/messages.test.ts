/** Messages of the queue: what S3 sends, what a backfill sends, and what nobody should send. */

import { describe, expect, it } from 'vitest';
import {
  decodeMessage,
  encodeBackfillMessage,
  MessageUnreadable,
} from '../../../pictures/ingest/messages.ts';
import { s3Event, s3TestEvent } from '../../factories/s3-events.ts';

const decode = (event: object) => decodeMessage(JSON.stringify(event));

describe('a message', () => {
  it('of S3 names the key as it is, however it was encoded', () => {
    const key = 'Summer 2026/ключ + 100% & 🖼️.jpg';
    const event = s3Event({ key, sequencer: '0055AED6DCD90281E5', eTag: 'abc', size: 12 });
    expect(decode(event)).toEqual([{ op: 'put', key, version: '0055AED6DCD90281E5', eTag: 'abc', size: 12 }]);
  });

  it('of S3 can tell of deletions of three kinds', () => {
    for (const eventName of [
      'ObjectRemoved:Delete',
      'ObjectRemoved:DeleteMarkerCreated',
      'LifecycleExpiration:Delete',
    ])
      expect(decode(s3Event({ eventName, key: 'a', sequencer: '1F' }))).toEqual([
        { op: 'delete', key: 'a', version: '1F' },
      ]);
  });

  it('that is no upload and no deletion is passed over', () => {
    expect(decode(s3TestEvent())).toEqual([]);
    expect(decode(s3Event({ eventName: 'ObjectTagging:Put', key: 'a', sequencer: '1', eTag: 'e' }))).toEqual(
      [],
    );
    expect(decode(s3Event({ key: 'a folder/', sequencer: '1', eTag: 'e', size: 0 }))).toEqual([]);
  });

  it('of a backfill comes back as it was', () => {
    const change = {
      op: 'put',
      key: 'a',
      version: undefined,
      eTag: 'e',
      size: 3,
      basis: { state: 'live', version: '1F', eTag: 'old' },
    } as const;
    expect(decodeMessage(encodeBackfillMessage(change))).toEqual([change]);
  });

  it('that cannot be understood is an error that trying again does not mend', () => {
    const noETag = s3Event({ key: 'a', sequencer: '1' });
    const oddSequencer = s3Event({ key: 'a', sequencer: 'latest', eTag: 'e' });
    for (const body of [
      '',
      'hello',
      '{}',
      '[]',
      'null',
      JSON.stringify(noETag),
      JSON.stringify(oddSequencer),
    ])
      expect(() => decodeMessage(body), body).toThrow(MessageUnreadable);
  });
});
