/** One group of duplicates in a row: which picture stays and why, which go, and the other things to do with it. */

import type { DuplicateGroup } from '../../../client/index.ts';
import { Button } from '../../parts/button.tsx';
import { bytes, day, fileName, folderOf, plural, score, takenAt } from '../../parts/format.ts';
import { Menu } from '../../parts/menu.tsx';
import { view } from '../../parts/tile.tsx';
import { Thumbnail } from '../../thumbnails/thumbnail.tsx';
import { type Choice, isFinerThanKept, keeping, type Member, toggled } from './choices.ts';
import type { FolderWishesState } from './folder-wishes.tsx';

interface GroupProps {
  readonly group: DuplicateGroup;
  readonly choice: Choice;
  readonly onChoice: (choice: Choice) => void;
  readonly onCompare: () => void;
  readonly onDismiss: () => void;
  readonly onWish: FolderWishesState['add'];
}

const TIERS = {
  identical: 'Identical files',
  same: 'Same picture',
  likely: 'Probably the same',
  alike: 'Alike',
} as const;

export function Group({ group, choice, onChoice, onCompare, onDismiss, onWish }: GroupProps) {
  const { pictures, tier, minScore, part } = group;
  const folders = [...new Set(pictures.map(({ key }) => folderOf(key)).filter(Boolean))];
  return (
    <article class="group" aria-label={`${plural(pictures.length, 'picture')} with ${pictures[0]?.key}`}>
      <div class="group-head">
        <h2>
          {TIERS[tier]}
          {part && ` (part ${part.number} of ${part.of})`}
        </h2>
        <span class="quiet small figures">
          {plural(pictures.length, 'picture')}
          {tier === 'alike' ? `, alike by ${score(minScore)}` : ''}
        </span>
        <div class="group-actions">
          <Button size="small" icon="copies" onClick={onCompare}>
            Side by side
          </Button>
          <Button size="small" icon="close" onClick={onDismiss}>
            Not duplicates
          </Button>
          {folders.length > 0 && (
            <Menu label="Folders" below>
              {folders.flatMap((folder) => [
                <button key={`protect ${folder}`} type="button" onClick={() => onWish('protected', folder)}>
                  Never delete from {folder}
                </button>,
                <button key={`prefer ${folder}`} type="button" onClick={() => onWish('preferred', folder)}>
                  Keep from {folder} first
                </button>,
              ])}
            </Menu>
          )}
        </div>
      </div>
      <ul class="group-pictures">
        {pictures.map((picture) => (
          <li key={picture.key} data-goes={choice.going.has(picture.key) ? '' : undefined}>
            <GroupPicture
              picture={picture}
              group={group}
              choice={choice}
              onKeep={() => onChoice(keeping(group, picture.key))}
              onToggle={() => onChoice(toggled(group, choice, picture.key))}
            />
          </li>
        ))}
      </ul>
    </article>
  );
}

interface GroupPictureProps {
  readonly picture: Member;
  readonly group: DuplicateGroup;
  readonly choice: Choice;
  readonly onKeep: () => void;
  readonly onToggle: () => void;
}

function GroupPicture({ picture, group, choice, onKeep, onToggle }: GroupPictureProps) {
  const { key, width, height, size, taken, lastModified } = picture;
  const keeps = choice.keeper === key;
  const goes = choice.going.has(key);
  const reason = group.keeper === key && group.reason ? `: ${group.reason}` : '';
  const badge = keeps
    ? `Keep${reason}`
    : picture.protected
      ? 'Protected'
      : isFinerThanKept(group, choice, picture)
        ? 'Larger than the one kept'
        : '';
  return (
    <>
      <button
        type="button"
        class="group-picture"
        data-member
        data-key={key}
        aria-label={`Show ${key}${badge && `, ${badge}`}`}
        onClick={() => view(key)}
      >
        <Thumbnail picture={picture} alt="" />
        {badge && <span class="group-badge">{badge}</span>}
      </button>
      <p class="group-name" title={key}>
        <strong>{fileName(key)}</strong>
        <span>{folderOf(key)}</span>
      </p>
      <p class="quiet small figures">
        {width && height ? `${width} × ${height}, ` : ''}
        {bytes(size)}, {taken ? `taken ${takenAt(taken)}` : day(lastModified)}
      </p>
      {group.tier !== 'alike' && (
        <div class="group-choice">
          <label>
            <input
              type="checkbox"
              checked={goes}
              disabled={keeps || picture.protected}
              aria-label={`Delete ${key}`}
              onChange={onToggle}
            />
            Delete
          </label>
          {!keeps && (
            <Button size="small" look="plain" aria-label={`Keep this: ${key}`} onClick={onKeep}>
              Keep this
            </Button>
          )}
        </div>
      )}
    </>
  );
}
