/** Folders from which nothing is to be deleted: shown as long as there are any, and let go again. */

import { useConnection } from '../../api/connection.tsx';
import { useRequest } from '../../api/use-request.ts';
import { Icon } from '../../parts/icon.tsx';

export interface FolderWishesState {
  readonly folders: readonly string[];
  readonly protect: (folder: string) => void;
  readonly release: (folder: string) => void;
}

/** @param onChange called when the groups have to be read again */
export function useFolderWishes(onChange: () => void): FolderWishesState {
  const { client } = useConnection();
  const { value, retry } = useRequest('decisions', (signal) => client.decisions({ signal }));
  const folders = value?.protected ?? [];
  const set = async (next: readonly string[]) => {
    await client.setFolders({ protected: [...next], preferred: [...(value?.preferred ?? [])] });
    retry();
    onChange();
  };
  return {
    folders,
    protect: (folder) => void set([...new Set([...folders, folder])]),
    release: (folder) => void set(folders.filter((each) => each !== folder)),
  };
}

export function ProtectedFolders({ wishes: { folders, release } }: { wishes: FolderWishesState }) {
  if (folders.length === 0) return null;
  return (
    <section class="chips" aria-label="Protected folders">
      {folders.map((folder) => (
        <button
          key={folder}
          type="button"
          class="chip"
          aria-label={`Protect ${folder} no more`}
          onClick={() => release(folder)}
        >
          <Icon name="shield" size={14} /> {folder} <Icon name="close" size={14} />
        </button>
      ))}
    </section>
  );
}
