/** Folders among keys: object stores have none, people do. */

/** More would be a wall, and the field beside them finds any folder. */
const MAX_FOLDERS = 24;

/** The folders right below `prefix`, each whole and with a slash at the end, in the order of the keys. */
export function foldersBelow(pictures: readonly { key: string }[], prefix: string): string[] {
  const folders = new Set<string>();
  for (const { key } of pictures) {
    const slash = key.indexOf('/', prefix.length);
    if (slash < 0) continue;
    folders.add(key.slice(0, slash + 1));
    if (folders.size >= MAX_FOLDERS) break;
  }
  return [...folders];
}
