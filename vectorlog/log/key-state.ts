/** What is known of one key at one moment: the state that folding carries from record to record. */

export type KeyState =
  /** Nothing is known of it, or what was known is too long ago to matter. */
  | { readonly state: 'absent' }
  /** It is in the index. The version is that of the latest event known of the key, if there was any. */
  | { readonly state: 'live'; readonly version: string | undefined; readonly eTag: string }
  /** It was deleted lately. */
  | { readonly state: 'deleted'; readonly version: string | undefined };

export const ABSENT: KeyState = { state: 'absent' };

/** Whether two states say the same. */
export function sameState(a: KeyState, b: KeyState): boolean {
  if (a.state === 'absent' || b.state === 'absent') return a.state === b.state;
  if (a.version !== b.version) return false;
  return a.state === 'live' ? b.state === 'live' && a.eTag === b.eTag : b.state === 'deleted';
}
