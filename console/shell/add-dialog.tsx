/** Where pictures are added from: files, a whole folder, the camera; and to which folder of the library. */

import { useState } from 'preact/hooks';
import { FilePicker } from '../parts/button.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { TextField } from '../parts/field.tsx';
import { useMedia } from '../parts/use-media.ts';
import { fromInput } from '../uploads/picked-files.ts';
import { useUploads } from '../uploads/uploads-context.tsx';
import { useFolderNames } from '../views/library/use-folders.ts';

interface AddDialogProps {
  /** The folder of the library that is open; where the pictures go unless someone writes another. */
  readonly folder: string;
  readonly onClose: () => void;
}

export function AddDialog({ folder, onClose }: AddDialogProps) {
  const { add } = useUploads();
  const touch = useMedia('(pointer: coarse)');
  const [into, setInto] = useState(folder);
  const [about, setAbout] = useState('');
  const { metadata, wrong } = metadataIn(about);
  const folders = useFolderNames(into);
  const take = (files: File[]) => {
    add(fromInput(files), asFolder(into), metadata);
    onClose();
  };
  return (
    <Dialog title="Add pictures" onClose={onClose}>
      <p class="quiet">
        Choose as many as you like, or close this and drop them anywhere on the page. Each is searchable a
        moment after it has arrived.
      </p>
      <div class="dialog-fields">
        <TextField
          label="Folder in the library"
          hint="Leave it empty for the top."
          placeholder="holiday/2026/"
          value={into}
          suggestions={folders}
          onInput={setInto}
        />
        <TextField
          label="Metadata"
          hint={wrong ?? 'Optional: what searches can filter by, such as album = holiday, rating = 5.'}
          placeholder="album = holiday"
          value={about}
          onInput={setAbout}
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

/** `album = holiday, rating = 5` as metadata, and what is wrong with it: S3 keeps it in headers, which are narrow. */
function metadataIn(text: string): { metadata: Record<string, string>; wrong?: string } {
  const metadata: Record<string, string> = {};
  for (const part of text.split(',').filter((each) => each.trim() !== '')) {
    const [name = '', ...value] = part.split('=');
    const key = name.trim().toLowerCase();
    const its = value.join('=').trim();
    if (!/^[a-z0-9][a-z0-9._-]*$/.test(key) || its === '') {
      return {
        metadata,
        wrong: `"${part.trim()}" is not name = value; names have letters, digits, - and _.`,
      };
    }
    if (!/^[\x20-\x7e]*$/.test(its)) return { metadata, wrong: 'Values may have ASCII characters only.' };
    metadata[key] = its;
  }
  return { metadata };
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
