/** The way in: give a picture, or start from one that is in the library. An empty library says how to fill it. */

import './home.css';
import { useConnection } from '../../api/connection.tsx';
import { useRequest } from '../../api/use-request.ts';
import { useLibraryChanges } from '../../library/library-version.ts';
import { FilePicker } from '../../parts/button.tsx';
import { count } from '../../parts/format.ts';
import { SearchTile } from '../../parts/tile.tsx';
import { TroubleNotice } from '../../parts/trouble-notice.tsx';
import { useMedia } from '../../parts/use-media.ts';
import { Waiting } from '../../parts/waiting.tsx';
import { searchByFile } from '../../query/search-by-file.ts';
import { formatRoute } from '../../route/route.ts';
import { EmptyLibrary } from '../library/empty-library.tsx';

const SHOWN = 36;

export function Home() {
  const { client } = useConnection();
  const { value, trouble, slow, retry } = useRequest('home', (signal) =>
    client.images({ limit: SHOWN, signal }),
  );
  const touch = useMedia('(pointer: coarse)');
  useLibraryChanges(retry);

  if (value?.total === 0) return <EmptyLibrary />;
  return (
    <>
      <section class="home-hero">
        <h1 tabIndex={-1}>Find pictures that look alike</h1>
        <p>Drop a picture anywhere on this page, paste one, or choose a file.</p>
        <div class="home-actions">
          <FilePicker look="primary" icon="search" onPick={([file]) => file && searchByFile(file)}>
            Choose a picture
          </FilePicker>
          {touch && (
            <FilePicker icon="camera" source="camera" onPick={([file]) => file && searchByFile(file)}>
              Take a photo
            </FilePicker>
          )}
        </div>
      </section>
      <section class="home-library" aria-labelledby="home-library">
        {value && (
          <div class="home-library-head">
            <h2 id="home-library">Or start from one of yours</h2>
            <a href={formatRoute({ view: 'library', prefix: '' })}>
              All {count(value.total)} <span class="visually-hidden">pictures of the library</span>
            </a>
          </div>
        )}
        {trouble && <TroubleNotice trouble={trouble} retry={retry} />}
        {!value && !trouble && <Waiting slow={slow} />}
        <ul class="home-tiles">
          {value?.items.map((picture) => (
            <li key={picture.key}>
              <SearchTile picture={picture} />
            </li>
          ))}
        </ul>
      </section>
    </>
  );
}
