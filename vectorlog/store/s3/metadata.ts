/** User metadata on its way through HTTP headers, which carry ASCII only; S3 itself uses the same form (RFC 2047). */

import { normalMetadata } from '../object-store.ts';

type Metadata = Readonly<Record<string, string>>;

/** Names the write that made an object, so that a writer who got no answer can tell whether it was its own. */
const WRITE_NAME = 'likeness-write';

/** An encoded word: charset, B for base64 or Q for quoted-printable, text. */
const ENCODED_WORD = /=\?utf-8\?([bq])\?([^?]*)\?=/gi;

/** Metadata in the form that goes into headers, with the name of the write when there is one. */
export function toHeaders(metadata: Metadata | undefined, write?: string): Record<string, string> {
  const headers = Object.entries(normalMetadata(metadata)).map(([name, value]) => [name, encode(value)]);
  return Object.fromEntries(write === undefined ? headers : [...headers, [WRITE_NAME, write]]);
}

/** Metadata as it was given to `toHeaders`, or by whoever wrote the object. */
export function fromHeaders(headers: Metadata = {}): Record<string, string> {
  const own = Object.entries(normalMetadata(headers)).filter(([name]) => name !== WRITE_NAME);
  return Object.fromEntries(own.map(([name, value]) => [name, decode(value)]));
}

/** The name of the write that made an object; `undefined` when it was made by other means. */
export const writeOf = (headers: Metadata = {}): string | undefined => normalMetadata(headers)[WRITE_NAME];

/** Encodes what a header would change or what would be taken for encoded. */
function encode(value: string): string {
  const isPlain = /^[\x20-\x7e]*$/.test(value) && value.trim() === value && !value.includes('=?');
  return isPlain ? value : `=?UTF-8?B?${Buffer.from(value).toString('base64')}?=`;
}

function decode(value: string): string {
  // White space between two encoded words is not part of the text.
  return value
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(ENCODED_WORD, (_, encoding: string, text: string) =>
      encoding.toLowerCase() === 'b' ? Buffer.from(text, 'base64').toString() : fromQuotedPrintable(text),
    );
}

function fromQuotedPrintable(text: string): string {
  const bytes = text
    .replace(/_/g, ' ')
    .replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}
