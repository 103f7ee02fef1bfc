/** Where one picture that is shown large comes from. */

import type { ConsoleConfig } from '../config.ts';
import type { Original } from './browser-thumbnails.ts';

/**
 * A smaller copy where the server makes them, the original elsewhere: one picture at a time may cost its bytes. The
 * address changes when the picture is replaced, so that the browser's cache may keep each for good.
 */
export function previewUrl(
  config: ConsoleConfig,
  { key, url, lastModified }: Original,
  size: number,
): string | undefined {
  if (!config.thumbnails) return url;
  const path = key.split('/').map(encodeURIComponent).join('/');
  const address = config.thumbnails.replace('{key}', path).replace('{size}', String(size));
  return `${address}${address.includes('?') ? '&' : '?'}v=${Date.parse(lastModified)}`;
}
