/** A versioned bucket as its owner uses it, with all that S3 tells of by events. */

import {
  DeleteObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';

/** What an event of S3 says of a change. */
export interface Told {
  readonly eventName: 'ObjectCreated:Put' | 'ObjectRemoved:Delete' | 'ObjectRemoved:DeleteMarkerCreated';
  readonly key: string;
  readonly versionId: string;
  readonly eTag?: string;
  readonly size?: number;
}

export class VersionedBucket {
  /** @param tell takes the place of S3's notifications, where the bucket has none */
  constructor(
    readonly client: S3Client,
    readonly name: string,
    private readonly tell: (change: Told) => void = () => {},
  ) {}

  async keepVersions(): Promise<void> {
    const VersioningConfiguration = { Status: 'Enabled' as const };
    await this.client.send(new PutBucketVersioningCommand({ Bucket: this.name, VersioningConfiguration }));
  }

  /** @returns the version that was made */
  async put(key: string, body: Uint8Array): Promise<string> {
    const { VersionId: versionId = '', ETag = '' } = await this.client.send(
      new PutObjectCommand({ Bucket: this.name, Key: key, Body: body, ContentType: 'image/jpeg' }),
    );
    const eTag = ETag.replaceAll('"', '');
    this.tell({ eventName: 'ObjectCreated:Put', key, versionId, eTag, size: body.length });
    return versionId;
  }

  /** Puts a delete marker over it. @returns the marker's version */
  async delete(key: string): Promise<string> {
    const { VersionId: versionId = '' } = await this.client.send(
      new DeleteObjectCommand({ Bucket: this.name, Key: key }),
    );
    this.tell({ eventName: 'ObjectRemoved:DeleteMarkerCreated', key, versionId });
    return versionId;
  }

  /** Removes one version, or a delete marker, for good. */
  async deleteVersion(key: string, versionId: string): Promise<void> {
    await this.client.send(new DeleteObjectCommand({ Bucket: this.name, Key: key, VersionId: versionId }));
    this.tell({ eventName: 'ObjectRemoved:Delete', key, versionId });
  }
}
