/** The folders of the library, asked for where someone looks. */

import { useConnection } from '../../api/connection.tsx';
import { useRequest } from '../../api/use-request.ts';
import { useLibraryChanges } from '../../library/library-version.ts';
import { useSettled } from '../../parts/use-settled.ts';

export interface Folder {
  readonly prefix: string;
  readonly pictures: number;
}

const NONE: readonly Folder[] = [];

/** The folders right below a prefix; `undefined` asks for none. */
export function useFolders(prefix: string | undefined): readonly Folder[] {
  const { client } = useConnection();
  const { value, retry } = useRequest(prefix === undefined ? undefined : `folders ${prefix}`, (signal) =>
    client.folders({ ...(prefix && { prefix }), limit: 1_000, signal }),
  );
  useLibraryChanges(retry);
  return value?.folders ?? NONE;
}

const SUGGESTED = 20;

/** Folders whose path contains a text, wherever they are: the nearest to the top, when nothing is written. */
export function useFoldersNamed(text: string, limit = SUGGESTED): readonly Folder[] {
  const { client } = useConnection();
  const find = useSettled(text.trim());
  const { value } = useRequest(`folders named ${find} ${limit}`, (signal) =>
    client.folders({ ...(find && { find }), limit, signal }),
  );
  return value?.folders ?? NONE;
}

export const useFolderNames = (text: string): string[] => useFoldersNamed(text).map(({ prefix }) => prefix);
