/** The list of pictures that the view shows: what the viewer goes through, and what a range of ticks runs along. */

import { useEffect } from 'preact/hooks';
import type { Picture } from '../../client/index.ts';

/** What a tile, the viewer and the selection know of a picture; results and items of the library both are. */
export type ShownPicture = Pick<Picture, 'key' | 'lastModified' | 'size'> & Partial<Picture> & Seen;

/** What the file's header said when it was indexed; absent for pictures that were indexed before that was kept. */
interface Seen {
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly taken?: string | undefined;
  readonly camera?: string | undefined;
  readonly latitude?: number | undefined;
  readonly longitude?: number | undefined;
  readonly preview?: true | undefined;
}

export interface Sequence {
  /** Pictures that are known so far. */
  readonly items: readonly ShownPicture[];
  /** Pictures there are in all, where more can be loaded. */
  readonly total?: number | undefined;
  /** Sees to it that the first `length` get loaded. */
  readonly want?: ((length: number) => void) | undefined;
  /** Loads the rest. */
  readonly all?: (() => Promise<readonly ShownPicture[]>) | undefined;
  /** Puts the focus on a tile that may be far out of view. */
  readonly reveal?: ((index: number) => void) | undefined;
}

let current: Sequence = { items: [] };
const listeners = new Set<() => void>();

/** Makes a list the one that the page shows; again with each render, since lists grow. */
export function useSequence(sequence: Sequence): void {
  useEffect(() => {
    current = sequence;
    for (const listener of listeners) listener();
  });
  useEffect(
    () => () => {
      current = { items: [] };
    },
    [],
  );
}

export const currentSequence = (): Sequence => current;

/** Calls `listener` when another list is shown, or the list has grown; returns what ends that. */
export function onSequence(listener: () => void): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

/** The place of a picture in the list, or -1. */
export const placeOf = (key: string): number => current.items.findIndex((each) => each.key === key);

/** Gives the focus back to the tile of a picture, where the view has one. */
export function focusTile(key: string): void {
  const at = placeOf(key);
  if (at >= 0 && current.reveal) current.reveal(at);
  else
    document
      .querySelector<HTMLElement>(`:is([data-tile], [data-member])[data-key="${CSS.escape(key)}"]`)
      ?.focus();
}

/** Puts the focus on the picture behind those that were deleted, once the list is without them, unless someone has moved it. */
export function focusBehind(gone: readonly string[]): void {
  const went = new Set(gone);
  const { items } = current;
  const at = items.findIndex(({ key }) => went.has(key));
  const heir = items.slice(at + 1).find(({ key }) => !went.has(key)) ?? items[at - 1];
  if (at < 0 || !heir) return;
  const stop = onSequence(() => {
    if (current.items.some(({ key }) => went.has(key))) return;
    stop();
    const free = document.activeElement?.matches('body, main h1');
    if (free) requestAnimationFrame(() => focusTile(heir.key));
  });
}
