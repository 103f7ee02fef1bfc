/** The whole page: header, the view that the address asks for, uploads, and what can be dropped on it. */

import './app.css';
import { useEffect, useRef } from 'preact/hooks';
import { type Connection, ConnectionContext } from '../api/connection.tsx';
import { StatsProvider } from '../api/use-stats.tsx';
import { libraryChanged } from '../library/library-version.ts';
import { Announcer } from '../parts/announcer.tsx';
import { fileName, folderOf } from '../parts/format.ts';
import { useRoute } from '../route/navigation.ts';
import type { Route } from '../route/route.ts';
import { summarise } from '../uploads/summary.ts';
import { UploadTray } from '../uploads/upload-tray.tsx';
import { UploadsProvider, useUploads } from '../uploads/uploads-context.tsx';
import { DuplicatesView } from '../views/duplicates/duplicates-view.tsx';
import { LibraryView } from '../views/library/library-view.tsx';
import { PictureView } from '../views/picture/picture-view.tsx';
import { SearchView } from '../views/search/search-view.tsx';
import { StatusView } from '../views/status/status-view.tsx';
import { DropLayer } from './drop-layer.tsx';
import { Header } from './header.tsx';
import { SignIn } from './sign-in.tsx';
import { SyntheticBanner } from './synthetic-banner.tsx';

export function App({ connection }: { connection: Connection }) {
  return (
    <ConnectionContext.Provider value={connection}>
      <UploadsProvider>
        {connection.config.auth === 'jwt' && !connection.hasToken ? <SignIn /> : <Page />}
      </UploadsProvider>
    </ConnectionContext.Provider>
  );
}

function Page() {
  const route = useRoute();
  const { uploads } = useUploads();
  const { underway, steps } = summarise(uploads);
  const folder = route.view === 'library' ? folderOf(route.prefix) : '';
  useTitleAndFocus(route);
  useArrivals(steps.done);
  return (
    <StatsProvider lively={underway > 0 || route.view === 'status'}>
      <Header view={route.view} folder={folder} />
      <main id="main" class="page">
        <div class="page-notices">
          <SyntheticBanner />
        </div>
        <View route={route} />
      </main>
      <UploadTray />
      <DropLayer folder={folder} />
      <Announcer />
    </StatsProvider>
  );
}

function View({ route }: { route: Route }) {
  switch (route.view) {
    case 'search':
      return <SearchView route={route} />;
    case 'library':
      return <LibraryView key={route.prefix} prefix={route.prefix} />;
    case 'picture':
      return <PictureView key={route.key} pictureKey={route.key} />;
    case 'duplicates':
      return <DuplicatesView minScore={route.minScore} />;
    case 'status':
      return <StatusView />;
  }
}

function titleOf(route: Route): string {
  switch (route.view) {
    case 'search':
      return route.query && 'key' in route.query ? `Like ${fileName(route.query.key)}` : 'Search';
    case 'library':
      return route.prefix || 'Library';
    case 'picture':
      return fileName(route.key);
    case 'duplicates':
      return 'Duplicates';
    case 'status':
      return 'Status';
  }
}

/** A new view begins at its heading, for those who hear the page as for those who see it. */
function useTitleAndFocus(route: Route): void {
  const title = titleOf(route);
  const first = useRef(true);
  useEffect(() => {
    document.title = `${title} · Likeness`;
    if (first.current) first.current = false;
    else document.querySelector<HTMLElement>('main h1')?.focus({ preventScroll: true });
  }, [title]);
}

const ARRIVALS_REST_MS = 1_000;

/** Uploads that became searchable show in the library; not one by one when there are many. */
function useArrivals(done: number): void {
  useEffect(() => {
    if (done === 0) return;
    const timer = setTimeout(libraryChanged, ARRIVALS_REST_MS);
    return () => clearTimeout(timer);
  }, [done]);
}
