/** One group of duplicates: small pictures, and the ways to deal with them. */

import { Button } from '../../parts/button.tsx';
import { bytes, fileName, score } from '../../parts/format.ts';
import { pictureHref } from '../../parts/tile.tsx';
import { Thumbnail } from '../../thumbnails/thumbnail.tsx';
import type { DuplicateGroup } from './use-duplicates.ts';

interface GroupProps {
  readonly group: DuplicateGroup;
  readonly onCompare: () => void;
  readonly onDelete: (keys: readonly string[]) => void;
}

export function Group({ group, onCompare, onDelete }: GroupProps) {
  const { pictures, minScore, keeper, reason, deletable } = group;
  return (
    <article class="group">
      <div class="group-head">
        <h2>{pictures.length} pictures</h2>
        <span class="quiet small figures">alike by {score(minScore)}</span>
      </div>
      <ul class="group-pictures">
        {pictures.map((picture) => (
          <li key={picture.key}>
            <a class="tile-link" href={pictureHref(picture.key)} aria-label={`Details of ${picture.key}`}>
              <Thumbnail picture={picture} alt="" />
            </a>
            <div class="tile-caption">
              <span title={picture.key}>{fileName(picture.key)}</span>
              <span class="figures">{bytes(picture.size)}</span>
            </div>
          </li>
        ))}
      </ul>
      <div class="group-actions">
        <Button size="small" icon="copies" onClick={onCompare}>
          Side by side
        </Button>
        {deletable.length > 0 && (
          <Button
            size="small"
            look="danger"
            icon="trash"
            title={`Keeps ${keeper}: ${reason}`}
            onClick={() => onDelete(deletable)}
          >
            Keep the best only
          </Button>
        )}
      </div>
    </article>
  );
}
