/** The pictures that could not be indexed, by reason. */

import type { RejectedPage } from '../../../client/index.ts';
import { useConnection } from '../../api/connection.tsx';
import { usePages } from '../../api/pages.ts';
import { Button } from '../../parts/button.tsx';
import { count, moment } from '../../parts/format.ts';
import { pictureHref } from '../../parts/tile.tsx';
import { TroubleNotice } from '../../parts/trouble-notice.tsx';
import { download } from '../../selection/export.ts';

type Rejected = RejectedPage['items'][number];

/** Lines of one reason; the list that can be saved has all. */
const SHOWN = 20;

/** @param complete nothing waits any more that could still be rejected */
export function RejectedPictures({ complete }: { complete: boolean }) {
  const { client } = useConnection();
  const list = usePages<Rejected>('rejected', (cursor, limit, signal) =>
    client.rejected({ ...(cursor !== undefined && { cursor }), limit, signal }),
  );
  const { items, trouble, revision } = list;
  return (
    <section class="card status-wide">
      <div class="card-head">
        <h2>
          Rejected pictures
          {items.length > 0 && ` (${count(items.length)}${list.complete ? '' : ' and more'})`}
        </h2>
        {items.length > 0 && (
          <Button
            size="small"
            icon="download"
            onClick={async () => download('rejected.csv', 'text/csv', asCsv(await list.all()))}
          >
            Save the list
          </Button>
        )}
      </div>
      {trouble && <TroubleNotice trouble={trouble} retry={() => list.refresh()} />}
      {revision > 0 && items.length === 0 && !trouble && (
        <p class="quiet">
          {complete
            ? 'None: everything that was uploaded could be indexed.'
            : 'None so far. Some pictures still wait to be looked at.'}
        </p>
      )}
      {[...byReason(items)].map(([message, rejected]) => (
        <details key={message} class="rejected" open={rejected.length <= SHOWN}>
          <summary>
            <strong class="figures">{count(rejected.length)}</strong> {message}
          </summary>
          <ul class="rejected-list">
            {rejected.slice(0, SHOWN).map(({ key, rejectedAt }) => (
              <li key={key}>
                <a href={pictureHref(key)}>{key}</a>
                <time class="quiet small" dateTime={rejectedAt}>
                  {moment(rejectedAt)}
                </time>
              </li>
            ))}
            {rejected.length > SHOWN && (
              <li class="quiet small">
                and {count(rejected.length - SHOWN)} more, in the list that can be saved
              </li>
            )}
          </ul>
        </details>
      ))}
      {!list.complete && items.length > 0 && (
        <div>
          <Button size="small" onClick={() => list.want(items.length + 1)}>
            Show more
          </Button>
        </div>
      )}
    </section>
  );
}

/** The most frequent reason first. */
function byReason(items: readonly Rejected[]): Map<string, Rejected[]> {
  const groups = new Map<string, Rejected[]>();
  for (const item of items) {
    const { message } = item.reason;
    groups.set(message, [...(groups.get(message) ?? []), item]);
  }
  return new Map([...groups].sort(([, a], [, b]) => b.length - a.length));
}

const asCsv = (items: readonly Rejected[]): string =>
  [
    'key,code,reason',
    ...items.map(({ key, reason }) => [key, reason.code, reason.message].map(quoted).join(',')),
  ].join('\r\n');

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
