/** The way in: give a picture, or start from one that is in the library. An empty library says how to fill it. */

import './home.css';
import { useState } from 'preact/hooks';
import { useConnection } from '../../api/connection.tsx';
import { useRequest } from '../../api/use-request.ts';
import { useStats } from '../../api/use-stats.tsx';
import { useLibraryChanges } from '../../library/library-version.ts';
import { useSequence } from '../../library/sequence.ts';
import { Button, FilePicker, LinkButton } from '../../parts/button.tsx';
import { count } from '../../parts/format.ts';
import { searchHref, Tile } from '../../parts/tile.tsx';
import { TroubleNotice } from '../../parts/trouble-notice.tsx';
import { useMedia } from '../../parts/use-media.ts';
import { Waiting } from '../../parts/waiting.tsx';
import { searchByFile } from '../../query/search-by-file.ts';
import { formatRoute, libraryOf } from '../../route/route.ts';
import { EmptyLibrary } from '../library/empty-library.tsx';

const SHOWN = 36;

/** The same pictures all day: what someone saw in the morning is there in the evening. */
const today = (): string => new Date().toISOString().slice(0, 10);

export function Home() {
  const { client } = useConnection();
  const { value: stats } = useStats();
  const [shuffles, setShuffles] = useState(0);
  const seed = today() + (shuffles || '');
  const { value, trouble, slow, retry } = useRequest(`sample ${seed}`, (signal) =>
    client.sample({ limit: SHOWN, seed, signal }),
  );
  const touch = useMedia('(pointer: coarse)');
  useLibraryChanges(retry);
  useSequence({ items: value?.items ?? [] });

  if (value?.items.length === 0) return <EmptyLibrary />;
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
            <div class="home-more">
              <Button size="small" look="plain" icon="retry" onClick={() => setShuffles(shuffles + 1)}>
                Others
              </Button>
              <LinkButton size="small" look="plain" icon="map" href={formatRoute({ view: 'map' })}>
                Map
              </LinkButton>
              <LinkButton size="small" look="plain" icon="grid" href={formatRoute(libraryOf())}>
                All {stats && count(stats.pictures)}
                <span class="visually-hidden"> pictures of the library</span>
              </LinkButton>
            </div>
          </div>
        )}
        {trouble && <TroubleNotice trouble={trouble} retry={retry} />}
        {!value && !trouble && <Waiting slow={slow} />}
        <ul class="home-tiles">
          {value?.items.map((picture) => (
            <li key={picture.key}>
              <Tile
                picture={picture}
                actions={
                  <LinkButton
                    size="small"
                    icon="search"
                    title="Search by it"
                    aria-label={`Search by ${picture.key}`}
                    href={searchHref(picture.key)}
                  />
                }
              />
            </li>
          ))}
        </ul>
      </section>
    </>
  );
}
