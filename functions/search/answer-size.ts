/** Keeps answers below what Lambda may give back, whatever keys and metadata are in them. */

import { SEARCH_LIMITS } from './limits.ts';

/** Bytes of a value in an answer. */
export const answerBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/** The first of these items, as many as fit into one answer together; always one if there is any. */
export function fitting<Item>(items: readonly Item[], bytesOf = answerBytes): Item[] {
  let bytes = 0;
  const end = items.findIndex((item, i) => {
    bytes += bytesOf(item);
    return i > 0 && bytes > SEARCH_LIMITS.maxAnswerBytes;
  });
  return end < 0 ? [...items] : items.slice(0, end);
}
