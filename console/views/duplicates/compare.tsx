/** The pictures of a group side by side, large enough to choose which to keep. */

import { Button } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { bytes, fileName, folderOf, moment } from '../../parts/format.ts';
import { Thumbnail } from '../../thumbnails/thumbnail.tsx';
import type { DuplicateGroup } from './use-duplicates.ts';

interface CompareProps {
  readonly group: DuplicateGroup;
  readonly onClose: () => void;
  readonly onDelete: (keys: readonly string[]) => void;
}

export function Compare({ group: { pictures }, onClose, onDelete }: CompareProps) {
  return (
    <Dialog title="Side by side" wide onClose={onClose}>
      <ul class="compare">
        {pictures.map((picture) => (
          <li key={picture.key}>
            <span class="compare-picture">
              <Thumbnail picture={picture} alt={picture.key} size={1280} fit="contain" />
            </span>
            <div>
              <p class="compare-name">{fileName(picture.key)}</p>
              <p class="quiet small">
                {folderOf(picture.key)} {bytes(picture.size)}, {moment(picture.lastModified)}
              </p>
            </div>
            <div class="group-actions">
              <Button
                size="small"
                look="danger"
                icon="trash"
                aria-label={`Delete ${picture.key}`}
                onClick={() => onDelete([picture.key])}
              >
                Delete
              </Button>
              {pictures.length > 2 && (
                <Button
                  size="small"
                  aria-label={`Keep only ${picture.key}`}
                  onClick={() => onDelete(pictures.filter((each) => each !== picture).map(({ key }) => key))}
                >
                  Keep only this
                </Button>
              )}
            </div>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
