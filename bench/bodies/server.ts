/** The API over an empty index, in a process of its own that says how long its event loop was held. */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { listen } from '../../local/listen.ts';
import { testApi } from '../../test/factories/api.ts';

const held = monitorEventLoopDelay({ resolution: 1 });
held.enable();
/** Whatever it is sent: the longest since it was asked last, milliseconds. */
process.on('message', () => {
  process.send?.(held.max / 1e6);
  held.reset();
});
const { url } = await listen(testApi().app.fetch, 0);
process.send?.(url);
