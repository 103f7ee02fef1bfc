/** The top of the page: where one is, where one can go, and the way to add pictures. On a phone the tabs stand below. */

import './header.css';
import { useState } from 'preact/hooks';
import { useAllows } from '../api/use-stats.tsx';
import { Button } from '../parts/button.tsx';
import { Icon, type IconName } from '../parts/icon.tsx';
import { DUPLICATES, formatRoute, HOME, libraryOf, type Route } from '../route/route.ts';
import { AddDialog } from './add-dialog.tsx';
import { IndexingNote } from './indexing-note.tsx';
import { ThemeButton } from './theme-button.tsx';

const TABS: readonly { label: string; icon: IconName; route: Route; also?: Route['view'] }[] = [
  { label: 'Search', icon: 'search', route: HOME },
  { label: 'Library', icon: 'grid', route: libraryOf(), also: 'picture' },
  { label: 'Map', icon: 'map', route: { view: 'map' } },
  { label: 'Duplicates', icon: 'copies', route: DUPLICATES },
  { label: 'Status', icon: 'pulse', route: { view: 'status' } },
];

export function Header({ view, folder }: { view: Route['view']; folder: string }) {
  const [adding, setAdding] = useState(false);
  const { uploads } = useAllows();
  return (
    <header class="header">
      <button type="button" class="skip" onClick={skipToMain}>
        Skip to the content
      </button>
      <a class="header-brand" href={formatRoute(HOME)}>
        <Mark />
        Likeness
      </a>
      <nav class="tabs" aria-label="Views">
        {TABS.map(({ label, icon, route, also }) => (
          <a
            key={label}
            href={formatRoute(route)}
            aria-current={view === route.view || view === also ? 'page' : undefined}
          >
            <Icon name={icon} />
            {label}
          </a>
        ))}
      </nav>
      <div class="header-end">
        <IndexingNote />
        <ThemeButton />
        {uploads && (
          <Button
            class="button header-add"
            icon="plus"
            aria-label="Add pictures"
            onClick={() => setAdding(true)}
          >
            <span>Add pictures</span>
          </Button>
        )}
      </div>
      {adding && <AddDialog folder={folder} onClose={() => setAdding(false)} />}
    </header>
  );
}

/** Not a link: the address bar belongs to the views. */
function skipToMain(): void {
  document.querySelector<HTMLElement>('main h1')?.focus();
}

const Mark = () => (
  <svg width="26" height="26" viewBox="0 0 32 32" aria-hidden="true" fill="currentColor">
    <rect x="3" y="3" width="18" height="18" rx="5" fill-opacity="0.4" />
    <rect x="11" y="11" width="18" height="18" rx="5" fill-opacity="0.4" />
    <path d="M11 16a5 5 0 0 1 5-5h5v5a5 5 0 0 1-5 5h-5z" />
  </svg>
);
