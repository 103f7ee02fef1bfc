/** What was deleted and can be had back, where the server keeps it. */

import { useState } from 'preact/hooks';
import type { TrashItem } from '../../../client/index.ts';
import { useConnection } from '../../api/connection.tsx';
import { usePages } from '../../api/pages.ts';
import { troubleOf } from '../../api/trouble.ts';
import { useRequest } from '../../api/use-request.ts';
import { libraryChanged } from '../../library/library-version.ts';
import { Button } from '../../parts/button.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { SelectField } from '../../parts/field.tsx';
import { ago, bytes, count, pixelsAndDay, plural } from '../../parts/format.ts';
import { toast } from '../../parts/toast.tsx';
import { TroubleNotice } from '../../parts/trouble-notice.tsx';

/** Lines that are shown at first, and how many come with each press. */
const SHOWN = 10;
const RESTORED_AT_ONCE = 1_000;
const DAY_MS = 24 * 60 * 60 * 1_000;

/** Days since the deletion. */
const AGES: readonly (readonly [string, string])[] = [
  ['0', 'Everything'],
  ['7', 'What was deleted more than 7 days ago'],
  ['30', 'What was deleted more than 30 days ago'],
  ['90', 'What was deleted more than 90 days ago'],
];

export function Trash() {
  const { client } = useConnection();
  const { value } = useRequest('trash kept', (signal) => client.trash({ limit: 1, signal }));
  const list = usePages<TrashItem>('trash', (cursor, limit, signal) =>
    client.trash({ ...(cursor !== undefined && { cursor }), limit, signal }),
  );
  const [shown, setShown] = useState(SHOWN);
  const [emptying, setEmptying] = useState(false);
  const [age, setAge] = useState('0');
  const { items, trouble } = list;
  if (value && !value.kept) return null;

  const restore = async (which: readonly TrashItem[]) => {
    const ids = which.map(({ id }) => id);
    const results = [];
    for (let at = 0; at < ids.length; at += RESTORED_AT_ONCE)
      results.push(...(await client.restore({ ids: ids.slice(at, at + RESTORED_AT_ONCE) })).results);
    const back = results.filter(({ restored }) => restored).length;
    const reason = results.find((each) => !each.restored)?.reason;
    toast({ text: `${plural(back, 'picture')} back${reason ? `. ${reason}` : ''}` });
    libraryChanged();
  };
  const empty = async () => {
    setEmptying(false);
    const before = new Date(Date.now() - Number(age) * DAY_MS).toISOString();
    try {
      const gone = await client.emptyTrash(age === '0' ? { all: true } : { before });
      toast({ text: `${plural(gone.pictures, 'picture')} gone for good, ${bytes(gone.bytes)} freed` });
    } catch (error) {
      toast({ text: troubleOf(error).detail });
    }
    list.refresh();
  };

  return (
    <section class="card status-wide" aria-label="Trash">
      <div class="card-head">
        <h2>
          Trash
          {items.length > 0 &&
            `: ${count(items.length)}${list.complete ? '' : ' and more'}, ${bytes(items.reduce((sum, { size }) => sum + size, 0))}`}
        </h2>
        {items.length > 0 && (
          <div class="group-actions">
            <Button size="small" icon="retry" onClick={async () => restore(await list.all())}>
              Restore all
            </Button>
            <Button size="small" look="danger" icon="trash" onClick={() => setEmptying(true)}>
              Empty
            </Button>
          </div>
        )}
      </div>
      {trouble && <TroubleNotice trouble={trouble} retry={() => list.refresh()} />}
      {items.length === 0 && !trouble && (
        <p class="quiet">
          Empty. Deleted pictures come here
          {value?.keptDays === undefined ? '.' : ` and stay for ${plural(value.keptDays, 'day')}.`}
        </p>
      )}
      <ul class="rejected-list">
        {items.slice(0, shown).map((item) => (
          <li key={item.id}>
            <span>
              {item.key}{' '}
              <span class="quiet small">
                {[pixelsAndDay(item), bytes(item.size), `deleted ${ago(item.deletedAt)}`]
                  .filter(Boolean)
                  .join(', ')}
              </span>
            </span>
            <Button
              size="small"
              icon="retry"
              aria-label={`Restore ${item.key}`}
              onClick={() => restore([item])}
            >
              Restore
            </Button>
          </li>
        ))}
      </ul>
      {shown < items.length && (
        <div>
          <Button size="small" onClick={() => setShown(shown + SHOWN * 5)}>
            Show more
          </Button>
        </div>
      )}
      {emptying && (
        <Confirm
          title="Empty the trash?"
          action="Delete for good"
          onConfirm={empty}
          onCancel={() => setEmptying(false)}
        >
          <SelectField label="What goes" value={age} choices={AGES} onChange={setAge} />
          <p>What goes cannot be had back then.</p>
        </Confirm>
      )}
    </section>
  );
}
