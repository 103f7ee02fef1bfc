/** How a picture's key stands in the URLs that only a server on one machine has. */

/** Keys in a folder are clean paths, so that encoding what stands between the slashes is all there is to it. */
export const urlPathOfKey = (key: string): string => key.split('/').map(encodeURIComponent).join('/');

/** The key after `prefix` in the path of a request; `undefined` when it is not well encoded. */
export function keyOfUrl(url: string, prefix: string): string | undefined {
  try {
    return decodeURIComponent(new URL(url).pathname.slice(prefix.length));
  } catch {
    return undefined;
  }
}
