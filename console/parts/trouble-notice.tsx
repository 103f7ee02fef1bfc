/** An error of a request, with the way to try again or to let the server know who asks. */

import type { Trouble } from '../api/trouble.ts';
import { formatRoute } from '../route/route.ts';
import { Notice } from './notice.tsx';

export function TroubleNotice({ trouble, retry }: { trouble: Trouble; retry: () => void }) {
  return (
    <Notice
      tone="error"
      title={`${trouble.title}.`}
      {...(!trouble.final && { action: { label: 'Try again', run: retry } })}
    >
      {trouble.detail} {trouble.needsToken && <a href={formatRoute({ view: 'status' })}>Go to Status</a>}
    </Notice>
  );
}
