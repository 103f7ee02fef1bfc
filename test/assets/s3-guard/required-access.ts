/** Which IAM permissions an S3 request needs, after the Service Authorization Reference for Amazon S3. */

import type { Access } from '../template/policy.ts';

export interface S3Request {
  readonly method: string;
  /** Path and query, path-style: `/bucket/key?query`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array;
}

/** @throws Error for a request that Likeness is not known to make */
export function requiredAccess({ method, url, headers, body }: S3Request): Access[] {
  const { pathname, searchParams } = new URL(url, 'http://s3');
  const [, bucket = '', rawKey = ''] = /^\/([^/]+)\/?(.*)$/s.exec(pathname) ?? [];
  const key = decodeURIComponent(rawKey);
  const onBucket = (action: string): Access[] => [{ action, resource: `arn:aws:s3:::${bucket}` }];
  const onObject = (action: string, name = key): Access => ({
    action,
    resource: `arn:aws:s3:::${bucket}/${name}`,
  });

  if (key === '') {
    if (method === 'HEAD' || (method === 'GET' && searchParams.has('list-type')))
      return onBucket('s3:ListBucket');
    if (method === 'GET' && searchParams.has('versioning')) return onBucket('s3:GetBucketVersioning');
    if (method === 'GET' && searchParams.has('versions')) return onBucket('s3:ListBucketVersions');
    const text = Buffer.from(body).toString();
    if (method === 'POST' && searchParams.has('delete')) {
      return [...text.matchAll(/<Key>(.*?)<\/Key>/gs)].map(([, name]) =>
        onObject('s3:DeleteObject', unescapeXml(name!)),
      );
    }
    const form = /name="key"\r\n\r\n(.*?)\r\n/s.exec(text)?.[1];
    if (method === 'POST' && form) return [onObject('s3:PutObject', form)];
  } else {
    if (method === 'GET' || method === 'HEAD') return [onObject('s3:GetObject')];
    const source = headers['x-amz-copy-source'];
    if (method === 'PUT' && typeof source === 'string') {
      const path = decodeURIComponent(source).replace(/^\//, '');
      return [onObject('s3:PutObject'), { action: 's3:GetObject', resource: `arn:aws:s3:::${path}` }];
    }
    if (method === 'DELETE' && searchParams.has('uploadId')) return [onObject('s3:AbortMultipartUpload')];
    if (method === 'DELETE' && searchParams.has('versionId')) return [onObject('s3:DeleteObjectVersion')];
    if (method === 'DELETE') return [onObject('s3:DeleteObject')];
    const creates = method === 'POST' && (searchParams.has('uploads') || searchParams.has('uploadId'));
    if (method === 'PUT' || creates) return [onObject('s3:PutObject')];
  }
  throw new Error(`no permission is known for ${method} ${url}`);
}

const unescapeXml = (text: string): string =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&');
