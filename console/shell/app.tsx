/** The whole page: header, the view that the address asks for, uploads, and what can be dropped on it. */

import './app.css';
import { useEffect, useRef } from 'preact/hooks';
import { type Connection, ConnectionContext } from '../api/connection.tsx';
import { StatsProvider } from '../api/use-stats.tsx';
import { libraryChanged } from '../library/library-version.ts';
import { Announcer } from '../parts/announcer.tsx';
import { fileName, folderOf } from '../parts/format.ts';
import { Toasts } from '../parts/toast.tsx';
import { useRoute } from '../route/navigation.ts';
import type { Route } from '../route/route.ts';
import { deselect } from '../selection/selection.ts';
import { SelectionBar } from '../selection/selection-bar.tsx';
import { summarise } from '../uploads/summary.ts';
import { UploadTray } from '../uploads/upload-tray.tsx';
import { UploadsProvider, useUploads } from '../uploads/uploads-context.tsx';
import { Viewer } from '../viewer/viewer.tsx';
import { DuplicatesView } from '../views/duplicates/duplicates-view.tsx';
import { LibraryView } from '../views/library/library-view.tsx';
import { MapView } from '../views/map/map-view.tsx';
import { PictureView } from '../views/picture/picture-view.tsx';
import { SearchView } from '../views/search/search-view.tsx';
import { StatusView } from '../views/status/status-view.tsx';
import { DropLayer } from './drop-layer.tsx';
import { Header } from './header.tsx';
import { SignIn } from './sign-in.tsx';
import { SyntheticBanner } from './synthetic-banner.tsx';

/** @param props.failure why nobody could be signed in */
export function App({ connection, failure }: { connection: Connection; failure: string | undefined }) {
  return (
    <ConnectionContext.Provider value={connection}>
      <UploadsProvider>
        {connection.config.auth === 'jwt' && !connection.hasToken ? <SignIn failure={failure} /> : <Page />}
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
  useSelectionEnds(route);
  useArrivals(steps.done);
  return (
    <StatsProvider lively={underway > 0} watched={route.view === 'status'}>
      <Header view={route.view} folder={folder} />
      <main id="main" class="page">
        <div class="page-notices">
          <SyntheticBanner />
        </div>
        <View route={route} />
      </main>
      <SelectionBar />
      <UploadTray />
      <Toasts />
      <DropLayer folder={folder} />
      {route.show && <Viewer pictureKey={route.show} />}
      <Announcer />
    </StatsProvider>
  );
}

function View({ route }: { route: Route }) {
  switch (route.view) {
    case 'search':
      return <SearchView route={route} />;
    case 'library':
      return <LibraryView key={route.prefix} route={route} />;
    case 'map':
      return <MapView />;
    case 'picture':
      return <PictureView key={route.key} pictureKey={route.key} />;
    case 'duplicates':
      return <DuplicatesView route={route} />;
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
    case 'map':
      return 'Map';
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

/** Ticks belong to what someone sees: another view or folder begins without. */
function useSelectionEnds(route: Route): void {
  const place = route.view + ('prefix' in route ? route.prefix : '');
  useEffect(() => () => deselect(), [place]);
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
