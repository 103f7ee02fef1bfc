/** Asks whether pictures are to be deleted, and deletes them. */

import { useEffect, useRef, useState } from 'preact/hooks';
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
  /** Called with the keys that are gone: all of them, or those before the one that failed or was cancelled. */
  readonly onDeleted: (deleted: readonly string[]) => void;
}

export function DeletePictures({ keys, onCancel, onDeleted }: DeletePicturesProps) {
  const { client } = useConnection();
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<Trouble>();
  const what = keys.length === 1 ? 'this picture' : plural(keys.length, 'picture');

  const stop = useRef(new AbortController());
  const deleted = useRef<string[]>([]);
  // However the dialog goes, nothing more is deleted once it is gone.
  useEffect(() => () => stop.current.abort(), []);

  const remove = async () => {
    setTrouble(undefined);
    setBusy(true);
    const { signal } = stop.current;
    const done = deleted.current;
    try {
      // One after the other: the first that fails, or that is cancelled, leaves the rest as they were.
      for (const key of keys.slice(done.length)) {
        if (signal.aborted) break;
        await client.delete(key);
        done.push(key);
      }
      if (!signal.aborted) await gone(client, keys);
    } catch (error) {
      if (!signal.aborted) {
        setTrouble(troubleOf(error));
        setBusy(false);
        return;
      }
    }
    finish();
  };

  /** Says what was done and closes. */
  const finish = () => {
    const done = deleted.current;
    if (done.length === 0) return onCancel();
    const all = done.length === keys.length;
    announce(
      all ? `${plural(done.length, 'picture')} deleted` : `Stopped: ${done.length} of ${keys.length} deleted`,
    );
    libraryChanged();
    onDeleted(done);
  };

  /** While a deletion runs, the one that is under way ends, and `remove` says how far it came. */
  const cancel = () => {
    stop.current.abort();
    if (!busy) finish();
  };

  return (
    <Confirm
      title={`Delete ${what}?`}
      action={busy ? 'Deleting …' : `Delete ${what}`}
      busy={busy}
      onConfirm={remove}
      onCancel={cancel}
    >
      <p>
        The {keys.length === 1 ? 'file is' : 'files are'} deleted from where the pictures are stored, not only
        from the index. On one machine, and in a bucket that keeps versions, they can be had back from the
        trash.
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
