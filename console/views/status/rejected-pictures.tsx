/** The pictures that could not be indexed, with the reasons. */

import { useState } from 'preact/hooks';
import { useConnection } from '../../api/connection.tsx';
import { useRequest } from '../../api/use-request.ts';
import { useLibraryChanges } from '../../library/library-version.ts';
import { Button } from '../../parts/button.tsx';
import { moment } from '../../parts/format.ts';
import { pictureHref } from '../../parts/tile.tsx';
import { TroubleNotice } from '../../parts/trouble-notice.tsx';

const FIRST = 20;
const MOST = 1_000;

export function RejectedPictures() {
  const { client } = useConnection();
  const [limit, setLimit] = useState(FIRST);
  const { value, trouble, retry } = useRequest(`rejected ${limit}`, (signal) =>
    client.rejected({ limit, signal }),
  );
  useLibraryChanges(retry);
  return (
    <section class="card status-wide">
      <h2>Rejected pictures</h2>
      {trouble && <TroubleNotice trouble={trouble} retry={retry} />}
      {value?.items.length === 0 && <p class="quiet">None: everything that was uploaded could be indexed.</p>}
      <ul class="rejected-list">
        {value?.items.map(({ key, reason, rejectedAt }) => (
          <li key={key}>
            <a href={pictureHref(key)}>{key}</a>
            <time class="quiet small" dateTime={rejectedAt}>
              {moment(rejectedAt)}
            </time>
            <p class="small">{reason.message}</p>
          </li>
        ))}
      </ul>
      {value?.cursor !== undefined && limit < MOST && (
        <div>
          <Button size="small" onClick={() => setLimit(MOST)}>
            Show more
          </Button>
        </div>
      )}
    </section>
  );
}
