/** Messages of the queue: what S3 sends, what a backfill sends, and what nobody should send. */

import { describe, expect, it } from 'vitest';
import {
  decodeMessage,
  encodeBackfillMessage,
  MessageUnreadable,
} from '../../../pictures/ingest/messages.ts';
import { eventBridgeEvent, s3Event, s3TestEvent, snsEnvelope } from '../../factories/s3-events.ts';

const decode = (event: object) => decodeMessage(JSON.stringify(event));

describe('a message', () => {
  it('of S3 names the key as it is, however it was encoded', () => {
    const key = 'Summer 2026/ключ + 100% & 🖼️.jpg';
    const event = s3Event({ key, sequencer: '0055AED6DCD90281E5', eTag: 'abc', size: 12 });
    expect(decode(event)).toEqual([{ op: 'put', key, version: '0055AED6DCD90281E5', eTag: 'abc', size: 12 }]);
  });

  it('of S3 can tell of a deletion that is one whatever the bucket keeps', () => {
    for (const eventName of ['ObjectRemoved:DeleteMarkerCreated', 'LifecycleExpiration:DeleteMarkerCreated'])
      expect(decode(s3Event({ eventName, key: 'a', sequencer: '1F', versionId: 'v2' }))).toEqual([
        { op: 'delete', key: 'a', version: '1F' },
      ]);
  });

  it('of a version that was deleted, or of a restore, says to look what the key is now', () => {
    for (const eventName of ['ObjectRemoved:Delete', 'LifecycleExpiration:Delete', 'ObjectRestore:Completed'])
      expect(decode(s3Event({ eventName, key: 'a', sequencer: '1F', versionId: 'v1' }))).toEqual([
        { op: 'look', key: 'a', version: '1F' },
      ]);
  });

  it('of a deletion without a version says so: a bucket that has stopped keeping versions sends it too', () => {
    for (const eventName of ['ObjectRemoved:Delete', 'LifecycleExpiration:Delete'])
      expect(decode(s3Event({ eventName, key: 'a', sequencer: '1F' }))).toEqual([
        { op: 'look', key: 'a', version: '1F', deleted: true },
      ]);
  });

  it('of a restore has no sequencer, as AWS documents it', () => {
    const restored = { key: 'a', versionId: 'v1', eTag: 'e', size: 3 };
    for (const event of [
      eventBridgeEvent({ ...restored, detailType: 'Object Restore Completed' }),
      s3Event({ ...restored, eventName: 'ObjectRestore:Completed' }),
    ])
      expect(decode(event)).toEqual([{ op: 'look', key: 'a', version: undefined }]);
  });

  it('says the same whether it comes from S3, by SNS or by EventBridge', () => {
    const put = { key: 'Summer 2026/100% + ü.jpg', sequencer: '1F', eTag: 'e', size: 3, versionId: 'v1' };
    const gone = { key: 'a b+c.jpg', sequencer: '2F', versionId: 'v1' };
    const detailType = 'Object Deleted';
    const permanent = eventBridgeEvent({ ...gone, detailType, deletionType: 'Permanently Deleted' });
    const marker = eventBridgeEvent({ ...gone, detailType, deletionType: 'Delete Marker Created' });
    const restored = eventBridgeEvent({ ...gone, detailType: 'Object Restore Completed' });

    for (const message of [s3Event(put), snsEnvelope(s3Event(put)), eventBridgeEvent(put)])
      expect(decode(message)).toEqual([{ op: 'put', key: put.key, version: '1F', eTag: 'e', size: 3 }]);
    for (const message of [s3Event({ ...gone, eventName: 'ObjectRemoved:Delete' }), permanent, restored])
      expect(decode(message)).toEqual([{ op: 'look', key: gone.key, version: '2F' }]);
    expect(decode(marker)).toEqual([{ op: 'delete', key: gone.key, version: '2F' }]);
    expect(decode(snsEnvelope(eventBridgeEvent(put)))).toHaveLength(1);
    expect(decode({ Type: 'SubscriptionConfirmation', Message: 'You have chosen to subscribe' })).toEqual([]);
    expect(decode(eventBridgeEvent({ ...put, detailType: 'Object Tags Added' }))).toEqual([]);
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
    const noSequencer = s3Event({ key: 'a', eTag: 'e' });
    for (const body of [
      '',
      'hello',
      '{}',
      '[]',
      'null',
      JSON.stringify(noETag),
      JSON.stringify(oddSequencer),
      JSON.stringify(noSequencer),
    ])
      expect(() => decodeMessage(body), body).toThrow(MessageUnreadable);
  });
});
