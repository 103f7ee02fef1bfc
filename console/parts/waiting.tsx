/** What stands where something is on its way. */

import { useIndexLoading } from '../api/index-loading.ts';

/** Silent at first: most answers are there before a word about waiting could be read. */
export function Waiting({ slow }: { slow: boolean }) {
  const loaded = useIndexLoading();
  if (loaded !== undefined) {
    const percent = Math.floor(loaded * 100);
    return (
      <div class="waiting">
        <p role="status">The server loads its index: {percent} %. The search goes on by itself.</p>
        <progress max={100} value={percent} aria-label="Index loaded" />
      </div>
    );
  }
  return <div class="waiting">{slow && <p role="status">The server is taking its time …</p>}</div>;
}
