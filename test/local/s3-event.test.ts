import { describe, expect, it } from 'vitest';
import { s3Event } from '../../local/s3-event.ts';
import { decodeMessage } from '../../pictures/ingest/messages.ts';

describe('s3Event', () => {
  it('encodes keys as S3 does, so that on-upload reads them back', () => {
    const key = 'trips/été 2024/a+b & c=100%.jpg';
    const event = s3Event({ kind: 'ObjectCreated:Put', key, eTag: 'e', size: 3, sequencer: '0A', at: 0 });

    expect(event.Records[0]!.s3.object.key).toBe('trips/%C3%A9t%C3%A9+2024/a%2Bb+%26+c%3D100%25.jpg');
    expect(decodeMessage(JSON.stringify(event))).toEqual([
      { op: 'put', key, version: '0A', eTag: 'e', size: 3 },
    ]);
  });

  it('tells deletions', () => {
    const event = s3Event({ kind: 'ObjectRemoved:Delete', key: 'a.jpg', sequencer: '0B', at: 0 });

    expect(decodeMessage(JSON.stringify(event))).toEqual([
      { op: 'look', key: 'a.jpg', deleted: true, version: '0B' },
    ]);
  });
});
