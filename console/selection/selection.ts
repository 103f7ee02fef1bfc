/** The pictures that are ticked, for what is done with several at once. */

import { useEffect, useState } from 'preact/hooks';
import { currentSequence, placeOf, type ShownPicture } from '../library/sequence.ts';

let ticked: ReadonlyMap<string, ShownPicture> = new Map();
/** Where a range begins: the last picture that was ticked by itself. */
let anchor: string | undefined;
const listeners = new Set<() => void>();

function set(next: ReadonlyMap<string, ShownPicture>): void {
  ticked = next;
  for (const listener of listeners) listener();
}

/** Ticks a picture, or takes its tick away. */
export function toggle(picture: ShownPicture): void {
  const next = new Map(ticked);
  if (!next.delete(picture.key)) next.set(picture.key, picture);
  anchor = picture.key;
  set(next);
}

/** Ticks all pictures from the last one that was ticked to this one. */
export function selectTo(picture: ShownPicture): void {
  const from = anchor === undefined ? -1 : placeOf(anchor);
  const to = placeOf(picture.key);
  if (from < 0 || to < 0) toggle(picture);
  else select(currentSequence().items.slice(Math.min(from, to), Math.max(from, to) + 1));
}

/** Ticks pictures beside those that are. */
export function select(pictures: readonly ShownPicture[]): void {
  const next = new Map(ticked);
  for (const picture of pictures) if (picture) next.set(picture.key, picture);
  set(next);
}

/** Takes all ticks away, or those of some keys. */
export function deselect(keys?: readonly string[]): void {
  if (ticked.size === 0) return;
  const next = new Map(keys ? ticked : []);
  for (const key of keys ?? []) next.delete(key);
  set(next);
}

export const selected = (): ReadonlyMap<string, ShownPicture> => ticked;

/** What is ticked, as it changes. */
export function useSelection(): ReadonlyMap<string, ShownPicture> {
  const [now, setNow] = useState(ticked);
  useEffect(() => {
    const listener = () => setNow(ticked);
    listener();
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }, []);
  return now;
}
