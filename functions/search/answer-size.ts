/** Keeps answers below what Lambda may give back, whatever keys and metadata are in them. */

import { SEARCH_LIMITS } from './limits.ts';

/** What a text in JSON has one byte more of. */
const ESCAPED = ['"', '\\'];

/** Bytes of a value in an answer as Lambda hands it on, which is a text in JSON of its own. */
export function answerBytes(value: unknown): number {
  const json = JSON.stringify(value);
  let bytes = Buffer.byteLength(json);
  for (const character of ESCAPED)
    for (let at = json.indexOf(character); at >= 0; at = json.indexOf(character, at + 1)) bytes++;
  return bytes;
}

/** The first of these items, as many as fit into one answer together; always one if there is any. */
export function fitting<Item>(items: readonly Item[], bytesOf = answerBytes): Item[] {
  let bytes = 0;
  const end = items.findIndex((item, i) => {
    bytes += bytesOf(item);
    return i > 0 && bytes > SEARCH_LIMITS.maxAnswerBytes;
  });
  return end < 0 ? [...items] : items.slice(0, end);
}
