/** What stands where something is on its way. */

/** Silent at first: most answers are there before a word about waiting could be read. */
export function Waiting({ slow }: { slow: boolean }) {
  return <div class="waiting">{slow && <p role="status">The server is taking its time …</p>}</div>;
}
