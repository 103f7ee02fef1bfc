/** Where pictures are added from: files, a whole folder, the camera; and to which folder of the library. */

import { useState } from 'preact/hooks';
import { FilePicker } from '../parts/button.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { TextField } from '../parts/field.tsx';
import { useMedia } from '../parts/use-media.ts';
import { fromInput } from '../uploads/picked-files.ts';
import { useUploads } from '../uploads/uploads-context.tsx';

interface AddDialogProps {
  /** The folder of the library that is open; where the pictures go unless someone writes another. */
  readonly folder: string;
  readonly onClose: () => void;
}

export function AddDialog({ folder, onClose }: AddDialogProps) {
  const { add } = useUploads();
  const touch = useMedia('(pointer: coarse)');
  const [into, setInto] = useState(folder);
  const take = (files: File[]) => {
    add(fromInput(files), asFolder(into));
    onClose();
  };
  return (
    <Dialog title="Add pictures" onClose={onClose}>
      <p class="quiet">
        Choose as many as you like, or close this and drop them anywhere on the page. Each is searchable a
        moment after it has arrived.
      </p>
      <div style={{ margin: '16px 0' }}>
        <TextField
          label="Folder in the library"
          hint="Leave it empty for the top."
          placeholder="holiday/2026/"
          value={into}
          onInput={setInto}
        />
      </div>
      <div class="dialog-actions">
        {touch && (
          <FilePicker icon="camera" source="camera" onPick={take}>
            Take a photo
          </FilePicker>
        )}
        <FilePicker icon="folder" source="folder" onPick={take}>
          A whole folder
        </FilePicker>
        <FilePicker look="primary" icon="picture" multiple onPick={take}>
          Choose pictures
        </FilePicker>
      </div>
    </Dialog>
  );
}

/** `holiday` and `/holiday/` mean the folder `holiday/`. */
const asFolder = (text: string): string => {
  const trimmed = text.trim();
  let start = 0;
  let end = trimmed.length;
  while (trimmed[start] === '/') start++;
  while (end > start && trimmed[end - 1] === '/') end--;
  return end > start ? `${trimmed.slice(start, end)}/` : '';
};
