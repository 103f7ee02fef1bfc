/** The order of the changes of one key. */

/**
 * Compares two S3 sequencers: hexadecimal, and aligned on the left, as seconds and a fraction of them are. They may
 * differ in length, so the shorter is padded with zeros on the right, as the S3 user guide says ("Event message
 * structure"). Only meaningful for two events of the same key.
 *
 * @returns negative when `a` is older, 0 when both are the same event, positive when `a` is newer
 */
export function compareVersions(a: string, b: string): number {
  const length = Math.max(a.length, b.length);
  const x = a.toUpperCase().padEnd(length, '0');
  const y = b.toUpperCase().padEnd(length, '0');
  return x < y ? -1 : x > y ? 1 : 0;
}
