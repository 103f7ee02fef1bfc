/** What an object key is, and in which order keys stand. */

import { KeyInvalid } from './errors.ts';
import { STORE_LIMITS } from './limits.ts';

/**
 * Lets pass what every object store takes: 1 to 1,024 bytes of UTF-8.
 *
 * @throws KeyInvalid
 */
export function assertKey(key: string): void {
  const fault = faultOf(key);
  if (fault !== undefined) throw new KeyInvalid(key, fault);
}

/** Whether every object store takes `key`. */
export const isKey = (key: string): boolean => faultOf(key) === undefined;

function faultOf(key: string): string | undefined {
  if (key === '') return 'it is empty';
  if (/\p{Surrogate}/u.test(key)) return 'it is not well-formed Unicode';
  const bytes = Buffer.byteLength(key);
  if (bytes > STORE_LIMITS.maxKeyBytes)
    return `it has ${bytes} bytes of UTF-8, and ${STORE_LIMITS.maxKeyBytes} are the most`;
  return undefined;
}

/** Orders keys by their UTF-8 bytes, as object stores list them; JavaScript's own order is that of UTF-16. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above U+FFFF, and so come after every other unit. */
const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);

/** Metadata as every store gives it back: names in lower case. */
export const normalMetadata = (metadata: Readonly<Record<string, string>> = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name.toLowerCase(), value]));
