/** The list of one prefix as components see it; kept while the page lives, so that "back" shows what was loaded. */

import { useCallback, useEffect, useState } from 'preact/hooks';
import type { Client } from '../../client/index.ts';
import { useLibraryChanges } from './library-version.ts';
import { PictureList } from './picture-list.ts';

/** A list of a hundred thousand pictures takes some 50 MB; the last two folders are enough to go back to. */
const MAX_LISTS = 2;
const lists = new Map<string, PictureList>();

function listOf(client: Client, prefix: string): PictureList {
  const list = lists.get(prefix) ?? new PictureList(client, prefix);
  lists.delete(prefix);
  lists.set(prefix, list);
  const oldest = lists.keys().next().value;
  if (lists.size > MAX_LISTS && oldest !== undefined) lists.delete(oldest);
  return list;
}

export function usePictureList(client: Client, prefix: string): PictureList {
  const [list] = useState(() => listOf(client, prefix));
  const [, setRevision] = useState(list.revision);
  useEffect(() => {
    const unsubscribe = list.subscribe(() => setRevision(list.revision));
    if (list.total === undefined) list.want(0);
    else list.refresh();
    return unsubscribe;
  }, [list]);
  useLibraryChanges(useCallback(() => list.refresh(), [list]));
  return list;
}
