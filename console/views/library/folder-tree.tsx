/** The folders of the library as a tree, each with how many pictures it has. */

import './folder-tree.css';
import { useState } from 'preact/hooks';
import { count } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import { formatRoute, libraryOf } from '../../route/route.ts';
import { type Folder, useFolders } from './use-folders.ts';

export function FolderTree({ prefix, total }: { prefix: string; total: number | undefined }) {
  return (
    <nav class="folder-tree" aria-label="Folders">
      <a class="folder" href={formatRoute(libraryOf())} aria-current={prefix === '' ? 'page' : undefined}>
        <Icon name="grid" size={16} />
        <span>All pictures</span>
        {prefix === '' && total !== undefined && <small>{count(total)}</small>}
      </a>
      <Branch below="" prefix={prefix} />
    </nav>
  );
}

function Branch({ below, prefix }: { below: string; prefix: string }) {
  const folders = useFolders(below);
  if (folders.length === 0) return null;
  return (
    <ul>
      {folders.map((folder) => (
        <Node key={folder.prefix} folder={folder} below={below} prefix={prefix} />
      ))}
    </ul>
  );
}

function Node({ folder, below, prefix }: { folder: Folder; below: string; prefix: string }) {
  const leadsThere = prefix.startsWith(folder.prefix);
  const [opened, setOpened] = useState<boolean>();
  const open = opened ?? leadsThere;
  const name = folder.prefix.slice(below.length, -1);
  return (
    <li>
      <div class="folder-line">
        <button
          type="button"
          class="folder-toggle"
          aria-expanded={open}
          aria-label={`Folders in ${name}`}
          onClick={() => setOpened(!open)}
        >
          <Icon name="chevron" size={14} />
        </button>
        <a
          class="folder"
          href={formatRoute(libraryOf(folder.prefix))}
          aria-current={prefix === folder.prefix ? 'page' : undefined}
        >
          <span title={folder.prefix}>{name}</span>
          <small>{count(folder.pictures)}</small>
        </a>
      </div>
      {open && <Branch below={folder.prefix} prefix={prefix} />}
    </li>
  );
}
