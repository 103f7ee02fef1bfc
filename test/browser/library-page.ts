/** A library of thirty pictures in two folders, and how tests find things on a page of it. */

import type { Locator, Page } from 'playwright-core';
import { gate } from '../factories/live-index.ts';
import type { FakePicture } from './fake-api.ts';

export const PICTURES = Array.from({ length: 30 }, (_, n) => ({
  key: `${n < 10 ? 'holiday/sea/' : n < 20 ? 'holiday/hills/' : ''}picture ${String(n).padStart(2, '0')}.webp`,
  size: 1_000 + ((n * 7) % 30) * 100,
})) satisfies FakePicture[];

export const [FIRST, SECOND, THIRD] = PICTURES.map(({ key }) => key) as [string, string, string];

export const tile = (page: Page, key: string): Locator => page.getByRole('link', { name: key, exact: true });

export const viewer = (page: Page, key: string): Locator =>
  page.getByRole('dialog', { name: `Picture ${key}` });

/** Key of the tile that has the focus. */
export const focusedKey = (page: Page): Promise<string | undefined> =>
  page.evaluate(() => (document.activeElement as HTMLElement)?.dataset.key);

/** `5 pictures` */
export const selectedCount = (page: Page): Promise<string | null> =>
  page.getByRole('region', { name: 'Selection' }).locator('strong').textContent();

/** Has all pages of lists but the first wait until what is returned is called. */
export async function holdTheRest(page: Page): Promise<() => void> {
  const { open, opened } = gate();
  await page.route('**/v1/images?*cursor=*', async (route) => {
    await opened;
    await route.continue();
  });
  return open;
}
