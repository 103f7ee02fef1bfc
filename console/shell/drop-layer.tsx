/** Pictures may be dropped anywhere: while they hover, the page offers to search with one or to add them all. */

import './drop-layer.css';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon, type IconName } from '../parts/icon.tsx';
import { searchByFile } from '../query/search-by-file.ts';
import { fromDrop } from '../uploads/picked-files.ts';
import { useUploads } from '../uploads/uploads-context.tsx';

export function DropLayer({ folder }: { folder: string }) {
  const { add } = useUploads();
  const [hovering, setHovering] = useState<'one' | 'many'>();
  // Entering a child of the page comes before leaving its parent: only the balance tells when the page is left.
  const depth = useRef(0);

  useEffect(() => {
    const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const enter = (event: DragEvent) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      depth.current += 1;
      setHovering(isOnePicture(event.dataTransfer!) ? 'one' : 'many');
    };
    const over = (event: DragEvent) => holdsFiles(event) && event.preventDefault();
    const end = () => {
      depth.current = 0;
      setHovering(undefined);
    };
    const leave = () => {
      depth.current -= 1;
      if (depth.current <= 0) end();
    };
    // A drop beside the zones must not make the browser open the file and leave the page.
    const drop = (event: DragEvent) => {
      if (holdsFiles(event)) event.preventDefault();
      end();
    };
    const paste = (event: ClipboardEvent) => {
      const file = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith('image/'));
      if (!file) return;
      event.preventDefault();
      searchByFile(file);
    };
    document.addEventListener('dragenter', enter);
    document.addEventListener('dragover', over);
    document.addEventListener('dragleave', leave);
    document.addEventListener('drop', drop);
    document.addEventListener('paste', paste);
    return () => {
      document.removeEventListener('dragenter', enter);
      document.removeEventListener('dragover', over);
      document.removeEventListener('dragleave', leave);
      document.removeEventListener('drop', drop);
      document.removeEventListener('paste', paste);
    };
  }, []);

  if (!hovering) return null;
  return (
    <div class="drop-layer">
      {hovering === 'one' && (
        <DropZone
          icon="search"
          title="Search with it"
          onDrop={async (transfer) => {
            const [first] = await fromDrop(transfer);
            if (first) searchByFile(first.file);
          }}
        >
          It is not added to the library.
        </DropZone>
      )}
      <DropZone
        icon="upload"
        title="Add to the library"
        onDrop={async (transfer) => add(await fromDrop(transfer), folder)}
      >
        {folder ? `Into ${folder}` : 'Folders are taken with all that is in them.'}
      </DropZone>
    </div>
  );
}

/** A folder counts as many; what it holds is not known before the drop. */
function isOnePicture({ items }: DataTransfer): boolean {
  return items.length === 1 && (items[0]?.type.startsWith('image/') ?? false);
}

interface DropZoneProps {
  readonly icon: IconName;
  readonly title: string;
  readonly onDrop: (transfer: DataTransfer) => void;
  readonly children: ComponentChildren;
}

function DropZone({ icon, title, onDrop, children }: DropZoneProps) {
  const [over, setOver] = useState(false);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is for pointers; the same is done by buttons elsewhere.
    <div
      class="drop-zone"
      data-over={over ? '' : undefined}
      onDragEnter={() => setOver(true)}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        if (event.dataTransfer) onDrop(event.dataTransfer);
      }}
    >
      <Icon name={icon} size={40} />
      <h2>{title}</h2>
      <p class="quiet">{children}</p>
    </div>
  );
}
