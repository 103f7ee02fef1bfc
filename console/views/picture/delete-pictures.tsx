/** Asks whether pictures are to be deleted, and deletes them. */

import { useState } from 'preact/hooks';
import type { Client } from '../../../client/index.ts';
import { useConnection } from '../../api/connection.tsx';
import { type Trouble, troubleOf } from '../../api/trouble.ts';
import { libraryChanged } from '../../library/library-version.ts';
import { announce } from '../../parts/announcer.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { plural } from '../../parts/format.ts';
import { Notice } from '../../parts/notice.tsx';

interface DeletePicturesProps {
  readonly keys: readonly string[];
  readonly onCancel: () => void;
  /** Called when all are gone. */
  readonly onDeleted: () => void;
}

export function DeletePictures({ keys, onCancel, onDeleted }: DeletePicturesProps) {
  const { client } = useConnection();
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<Trouble>();
  const what = keys.length === 1 ? 'this picture' : plural(keys.length, 'picture');

  const remove = async () => {
    setTrouble(undefined);
    setBusy(true);
    try {
      // One after the other: the first that fails leaves the rest as they were.
      for (const key of keys) await client.delete(key);
      await gone(client, keys);
      announce(`${plural(keys.length, 'picture')} deleted`);
      libraryChanged();
      onDeleted();
    } catch (error) {
      setTrouble(troubleOf(error));
      setBusy(false);
    }
  };

  return (
    <Confirm
      title={`Delete ${what}?`}
      action={busy ? 'Deleting …' : `Delete ${what}`}
      busy={busy}
      onConfirm={remove}
      onCancel={onCancel}
    >
      <p>
        The {keys.length === 1 ? 'file is' : 'files are'} deleted from where the pictures are stored, not only
        from the index. This cannot be undone here.
      </p>
      <ul class="small" style={{ marginTop: '12px' }}>
        {keys.map((key) => (
          <li key={key}>
            <code>{key}</code>
          </li>
        ))}
      </ul>
      {trouble && (
        <div style={{ marginTop: '12px' }}>
          <Notice tone="error" title={`${trouble.title}.`}>
            {trouble.detail}
          </Notice>
        </div>
      )}
    </Confirm>
  );
}

const LOOK_EVERY_MS = 300;
const LOOK_AT_MOST = 30;

/** Resolves when the index has followed; or after some seconds, since it will. */
async function gone(client: Client, keys: readonly string[]): Promise<void> {
  for (let look = 0; look < LOOK_AT_MOST; look += 1) {
    const { state } = await client.image(keys.at(-1)!);
    if (state === 'absent') return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
