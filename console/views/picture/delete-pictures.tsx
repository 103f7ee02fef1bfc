/** Asks whether pictures are to be deleted, with what stays beside what goes; deletes them; and offers them back. */

import './delete-pictures.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Client, ProblemError } from '../../../client/index.ts';
import { mapInParallel } from '../../../vectorlog/parallel.ts';
import { useConnection } from '../../api/connection.tsx';
import { type Trouble, troubleOf } from '../../api/trouble.ts';
import { useRequest } from '../../api/use-request.ts';
import { libraryChanged } from '../../library/library-version.ts';
import type { ShownPicture } from '../../library/sequence.ts';
import { Confirm } from '../../parts/dialog.tsx';
import { bytes, count, fileName, pixelsAndDay, plural } from '../../parts/format.ts';
import { Notice } from '../../parts/notice.tsx';
import { toast } from '../../parts/toast.tsx';
import { Thumbnail } from '../../thumbnails/thumbnail.tsx';

/** `eTag`: what was compared; only that is deleted, and only while what stays is what it was. */
interface Going
  extends Pick<ShownPicture, 'key'>,
    Partial<Pick<ShownPicture, 'size' | 'width' | 'height' | 'taken'>> {
  readonly eTag?: string;
}

interface DeletePicturesProps {
  readonly pictures: readonly Going[];
  /** What stays of each picture that goes, where something does. */
  readonly kept?: (key: string) => (ShownPicture & { readonly eTag: string }) | undefined;
  readonly onCancel: () => void;
  /** Called with those that are gone: all, or what was deleted before someone stopped it. */
  readonly onDeleted: (keys: readonly string[]) => void;
}

/** Deletions that are asked for at the same time. */
const AT_ONCE = 4;
/** Lines that are shown; all of a thousand would be a wall. */
const MAX_LINES = 60;

export function DeletePictures({ pictures, kept, onCancel, onDeleted }: DeletePicturesProps) {
  const { client } = useConnection();
  const [done, setDone] = useState<number>();
  const [trouble, setTrouble] = useState<Trouble>();
  const abort = useRef(new AbortController());
  const { value: trash } = useRequest('trash kept', (signal) => client.trash({ limit: 1, signal }));
  const what = pictures.length === 1 ? 'this picture' : plural(pictures.length, 'picture');
  const freed = pictures.reduce((sum, { size = 0 }) => sum + size, 0);

  useEffect(() => () => abort.current.abort(), []);

  const remove = async () => {
    setTrouble(undefined);
    setDone(0);
    const gone: string[] = [];
    let restorable = true;
    let [changed, failure]: [number, unknown] = [0, undefined];
    // After a failure, what has not begun stays as it is.
    await mapInParallel(AT_ONCE, pictures, async ({ key, eTag }) => {
      if (abort.current.signal.aborted) return;
      const copyOf = kept?.(key);
      const deletion = await client
        .delete(key, { ...(eTag !== undefined && { eTag }), ...(copyOf && { copyOf }) })
        .catch(unlessChanged);
      if (deletion === undefined) {
        changed += 1;
        return;
      }
      restorable = deletion.restorable && restorable;
      gone.push(key);
      setDone(gone.length);
    }).catch((error: unknown) => {
      failure = error;
    });
    if (gone.length > 0) await followed(client, gone);
    if (gone.length + changed > 0) {
      libraryChanged();
      told(client, gone, { asked: pictures.length, changed, restorable });
    }
    if (failure !== undefined && !abort.current.signal.aborted) {
      setTrouble(troubleOf(failure));
      setDone(undefined);
    } else onDeleted(gone);
  };

  const cancel = () => {
    if (done === undefined) onCancel();
    else abort.current.abort();
  };

  return (
    <Confirm
      title={`Delete ${what}?`}
      action={done === undefined ? `Delete ${what}` : `${count(done)} of ${count(pictures.length)} deleted`}
      cancel={done === undefined ? 'Cancel' : 'Stop'}
      busy={done !== undefined}
      onConfirm={remove}
      onCancel={cancel}
    >
      <p>
        {trash?.kept
          ? `The ${pictures.length === 1 ? 'file goes' : 'files go'} into the trash${trash.keptDays ? ` for ${plural(trash.keptDays, 'day')}` : ''}, and can be had back from Status.`
          : `The ${pictures.length === 1 ? 'file is' : 'files are'} deleted from where the pictures are stored, not only from the index. This cannot be undone here.`}
        {freed > 0 && ` ${bytes(freed)} in all.`}
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
      <ul class="doomed" tabIndex={0} aria-label="Pictures that go">
        {pictures.slice(0, MAX_LINES).map((picture) => (
          <Doomed key={picture.key} picture={picture} stays={kept?.(picture.key)} />
        ))}
        {pictures.length > MAX_LINES && <li class="quiet">and {count(pictures.length - MAX_LINES)} more</li>}
      </ul>
      {trouble && (
        <Notice tone="error" title={`${trouble.title}.`}>
          {trouble.detail}
        </Notice>
      )}
    </Confirm>
  );
}

function Doomed({ picture, stays }: { picture: Going; stays: ShownPicture | undefined }) {
  return (
    <li>
      {'url' in picture && (
        <span class="doomed-picture">
          <Thumbnail picture={picture as ShownPicture} alt="" size={160} />
        </span>
      )}
      <code>{picture.key}</code>
      <span class="quiet">{pixelsAndDay(picture)}</span>
      {stays && (
        <>
          <span class="doomed-picture">
            <Thumbnail picture={stays} alt="" size={160} />
          </span>
          <span>
            stays: <code>{fileName(stays.key)}</code>
          </span>
          <span class="quiet">{pixelsAndDay(stays)}</span>
        </>
      )}
    </li>
  );
}

/** A picture that is another one by now stays; the others go all the same. */
function unlessChanged(error: unknown): undefined {
  if (!(error instanceof ProblemError && error.code === 'picture-changed')) throw error;
}

/** Says what went, and offers it back where that can be had. */
function told(
  client: Client,
  gone: readonly string[],
  { asked, changed, restorable }: { asked: number; changed: number; restorable: boolean },
): void {
  const many =
    gone.length < asked
      ? `${count(gone.length)} of ${plural(asked, 'picture')}`
      : plural(gone.length, 'picture');
  const undo = async () => {
    const results = await restoreAll(client, gone).catch(() => []);
    const back = results.filter(({ restored }) => restored).length;
    toast({ text: `${plural(back, 'picture')} of ${count(gone.length)} back` });
    await indexed(client, gone);
    libraryChanged();
  };
  toast({
    text: `${many} deleted${changed > 0 ? `; ${plural(changed, 'picture')} left alone, for something has changed since` : ''}`,
    ...(restorable && gone.length > 0 && { action: { label: 'Undo', run: () => void undo() } }),
  });
}

const PAGE = 1_000;

async function restoreAll(client: Client, keys: readonly string[]) {
  const results = [];
  for (let at = 0; at < keys.length; at += PAGE) {
    results.push(...(await client.restore({ keys: keys.slice(at, at + PAGE) })).results);
  }
  return results;
}

const LOOK_EVERY_MS = 300;
const LOOK_AT_MOST = 30;

/** Resolves when the index has followed; or after some seconds, since it will. */
const followed = (client: Client, keys: readonly string[]) => settled(client, keys, 'absent');
const indexed = (client: Client, keys: readonly string[]) => settled(client, keys, 'indexed');

async function settled(client: Client, keys: readonly string[], state: string): Promise<void> {
  for (let look = 0; look < LOOK_AT_MOST; look += 1) {
    const now = await client.image(keys.at(-1)!).catch(() => undefined);
    if (now?.state === state) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
