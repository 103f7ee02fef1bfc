/** What is wished of whole folders: nothing is to be deleted from some, others are kept from first. Shown, and let go again. */

import { useConnection } from '../../api/connection.tsx';
import { useRequest } from '../../api/use-request.ts';
import { Icon } from '../../parts/icon.tsx';

export type Wish = 'protected' | 'preferred';

export interface FolderWishesState {
  readonly folders: Readonly<Record<Wish, readonly string[]>>;
  readonly add: (wish: Wish, folder: string) => void;
  readonly remove: (wish: Wish, folder: string) => void;
}

/** @param onChange called when the groups have to be read again */
export function useFolderWishes(onChange: () => void): FolderWishesState {
  const { client } = useConnection();
  const { value, retry } = useRequest('decisions', (signal) => client.decisions({ signal }));
  const folders = { protected: value?.protected ?? [], preferred: value?.preferred ?? [] };
  const change = async (wish: Wish, next: (before: readonly string[]) => readonly string[]) => {
    // What is shown may not be read yet, or old: none of the other folders may be forgotten by it.
    const { protected: kept, preferred } = await client.decisions();
    const now = { protected: kept, preferred };
    await client.setFolders({ ...now, [wish]: next(now[wish]) });
    retry();
    onChange();
  };
  return {
    folders,
    add: (wish, folder) => void change(wish, (before) => [...new Set([...before, folder])]),
    remove: (wish, folder) => void change(wish, (before) => before.filter((each) => each !== folder)),
  };
}

const CHIPS = {
  protected: {
    icon: 'shield',
    title: 'Protected folders',
    undo: (folder: string) => `Protect ${folder} no more`,
  },
  preferred: {
    icon: 'check',
    title: 'Folders to keep from first',
    undo: (folder: string) => `Keep from ${folder} first no more`,
  },
} as const;

export function FolderWishes({ wishes: { folders, remove } }: { wishes: FolderWishesState }) {
  return (['protected', 'preferred'] as const)
    .filter((wish) => folders[wish].length > 0)
    .map((wish) => (
      <section key={wish} class="chips" aria-label={CHIPS[wish].title}>
        {folders[wish].map((folder) => (
          <button
            key={folder}
            type="button"
            class="chip"
            title={CHIPS[wish].title}
            aria-label={CHIPS[wish].undo(folder)}
            onClick={() => remove(wish, folder)}
          >
            <Icon name={CHIPS[wish].icon} size={14} /> {folder} <Icon name="close" size={14} />
          </button>
        ))}
      </section>
    ));
}
