/** Uploads on one machine: an address that is good for one picture, as a presigned URL is on S3. */

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { UploadRequest, UploadTarget } from '../client/types.ts';
import { ApiProblem } from '../functions/search/problems.ts';
import type { Clock } from '../vectorlog/clock.ts';
import { isPictureKey, KEY_RULE } from './picture-names.ts';
import { urlPathOfKey } from './picture-urls.ts';

export const UPLOADS = '/uploads/';

/** Headers of metadata begin with this, as on S3. */
const METADATA_HEADER = 'x-amz-meta-';

const VALID_MS = 60 * 60_000;

/** What was signed, and what a request that claims it has to match. */
interface Signed {
  readonly key: string;
  readonly contentType: string;
  /** Bytes. */
  readonly size: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly expires: number;
}

/** Signs with a secret of its own, so that a restart ends what was signed before. */
export class UploadSigner {
  readonly #secret = randomBytes(32);

  constructor(private readonly clock: Pick<Clock, 'now'>) {}

  /**
   * @param origin of the server: `http://127.0.0.1:3000`
   * @throws ApiProblem for a key that no file in the folder can have
   */
  sign({ key, contentType, size, metadata = {} }: UploadRequest, origin: string): UploadTarget {
    if (!isPictureKey(key)) throw new ApiProblem('invalid-request', KEY_RULE);
    const expires = this.clock.now() + VALID_MS;
    const signature = this.#signature({ key, contentType, size, metadata, expires });
    const named = Object.entries(metadata).map(([name, value]) => [METADATA_HEADER + name, value]);
    const query = new URLSearchParams({ size: String(size), expires: String(expires), signature });
    return {
      method: 'PUT',
      url: `${origin}${UPLOADS}${urlPathOfKey(key)}?${query}`,
      headers: { 'content-type': contentType, ...Object.fromEntries(named) },
      expiresAt: new Date(expires).toISOString(),
    };
  }

  /** What a request was signed for; `undefined` when it was not, or for something else, or too long ago. */
  verify(key: string, url: string, headers: Readonly<Record<string, string>>): Signed | undefined {
    const query = new URL(url).searchParams;
    const signed: Signed = {
      key,
      contentType: headers['content-type'] ?? '',
      size: Number(query.get('size')),
      metadata: metadataOf(headers),
      expires: Number(query.get('expires')),
    };
    const given = Buffer.from(query.get('signature') ?? '', 'hex');
    const wanted = Buffer.from(this.#signature(signed), 'hex');
    const holds = given.length === wanted.length && timingSafeEqual(given, wanted);
    return holds && signed.expires > this.clock.now() ? signed : undefined;
  }

  #signature({ key, contentType, size, metadata, expires }: Signed): string {
    const sorted = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
    const text = JSON.stringify([key, contentType, size, sorted, expires]);
    return createHmac('sha256', this.#secret).update(text).digest('hex');
  }
}

const metadataOf = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => name.startsWith(METADATA_HEADER))
      .map(([name, value]) => [name.slice(METADATA_HEADER.length), value]),
  );
