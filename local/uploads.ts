/** Where to upload to on one machine: what a presigned URL is on S3. */

import type { UploadRequest, UploadTarget } from '../client/types.ts';
import type { Clock } from '../vectorlog/clock.ts';
import { METADATA_HEADER } from './picture-routes.ts';
import { urlPathOfKey } from './picture-urls.ts';

/** The server takes uploads at any time; the date is there because clients are told to heed it. */
const VALID_MS = 60 * 60_000;

/** @param address of uploads on this server, with a slash at its end */
export function signUpload(
  { key, contentType, metadata = {} }: UploadRequest,
  address: string,
  clock: Pick<Clock, 'now'>,
): UploadTarget {
  const named = Object.entries(metadata).map(([name, value]) => [METADATA_HEADER + name, value]);
  return {
    method: 'PUT',
    url: address + urlPathOfKey(key),
    headers: { 'content-type': contentType, ...Object.fromEntries(named) },
    expiresAt: new Date(clock.now() + VALID_MS).toISOString(),
  };
}
