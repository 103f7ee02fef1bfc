/** Pictures that are in the library more than once: groups, compared side by side, and deleted where not wanted. */

import './duplicates-view.css';
import { useState } from 'preact/hooks';
import { Button } from '../../parts/button.tsx';
import { Empty } from '../../parts/empty.tsx';
import { ScoreField } from '../../parts/field.tsx';
import { count, plural } from '../../parts/format.ts';
import { TroubleNotice } from '../../parts/trouble-notice.tsx';
import { useSettled } from '../../parts/use-settled.ts';
import { navigate } from '../../route/navigation.ts';
import { DeletePictures } from '../picture/delete-pictures.tsx';
import { Compare } from './compare.tsx';
import { Group } from './group.tsx';
import { type DuplicateGroup, type Duplicates, useDuplicates } from './use-duplicates.ts';

/** Below this, pictures are alike and not the same. */
const MIN_SCORE = 0.8;

export function DuplicatesView({ minScore }: { minScore: number }) {
  const duplicates = useDuplicates(useSettled(minScore));
  const [comparing, setComparing] = useState<DuplicateGroup>();
  const [deleting, setDeleting] = useState<readonly string[]>();
  const { groups, state, trouble, more, drop } = duplicates;

  return (
    <>
      <div class="view-head">
        <div>
          <h1 tabIndex={-1}>Duplicates</h1>
          <p>Pictures that are the same but for size, crop or compression.</p>
        </div>
        <div class="duplicates-tools">
          <ScoreField
            label="How alike"
            min={MIN_SCORE}
            value={minScore}
            onInput={(next) => navigate({ view: 'duplicates', minScore: next }, 'sliding')}
          />
        </div>
      </div>
      <Progress duplicates={duplicates} />
      {trouble && <TroubleNotice trouble={trouble} retry={more} />}
      <ul class="groups" aria-label="Groups of duplicates">
        {groups.map((group) => (
          <li key={group.pictures[0]?.key}>
            <Group group={group} onCompare={() => setComparing(group)} onDelete={setDeleting} />
          </li>
        ))}
      </ul>
      {state === 'paused' && !trouble && (
        <div class="empty-actions" style={{ marginTop: '24px' }}>
          <Button onClick={more}>Look for more</Button>
        </div>
      )}
      {state === 'complete' && groups.length === 0 && (
        <Empty icon="check" title="No duplicates">
          Each picture is in the library once, as far as a score of {minScore.toFixed(2)} tells. Move the
          slider to the left to see pictures that are less alike.
        </Empty>
      )}
      {comparing && !deleting && (
        <Compare group={comparing} onClose={() => setComparing(undefined)} onDelete={setDeleting} />
      )}
      {deleting && (
        <DeletePictures
          pictures={deleting.map((key) => ({ key }))}
          onCancel={() => setDeleting(undefined)}
          onDeleted={(deleted) => {
            drop(deleted);
            setDeleting(undefined);
            setComparing(undefined);
          }}
        />
      )}
    </>
  );
}

function Progress({ duplicates: { compared, total, state, groups, trouble } }: { duplicates: Duplicates }) {
  if (trouble && total === undefined) return null;
  if (state === 'complete') {
    return groups.length > 0 ? (
      <p class="duplicates-progress" role="status">
        {plural(groups.length, 'group')} among {plural(total ?? 0, 'picture')}.
      </p>
    ) : null;
  }
  return (
    <div class="duplicates-progress figures">
      <label>
        {total === undefined ? 'Comparing …' : `Compared ${count(compared)} of ${count(total)} pictures`}
        <progress {...(total !== undefined && { value: compared, max: total })} />
      </label>
    </div>
  );
}
