/** Every view and state passes axe-core, in light, in dark and on a phone; and works without a mouse. */

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { accessibilityFaults, drop, launch, PHONE, settled, visit } from './browser.ts';
import { demoNames, demoPath } from './demo-pictures.ts';
import { type FakeApi, startFakeApi } from './fake-api.ts';

const PICTURES = demoNames.slice(0, 60).map((name, n) => ({
  key: n % 2 ? `faces/${name}` : name,
  metadata: { album: n % 3 ? 'holiday' : 'work' },
}));
const [FIRST, SECOND] = [PICTURES[0]!.key, PICTURES[1]!.key];

const SOON = { timeout: 30_000 };

/** A view or state: where it is, and how to get there. */
const STATES: readonly {
  name: string;
  path: string;
  arrive?: (page: Page, api: FakeApi) => Promise<void>;
}[] = [
  { name: 'home', path: '#/' },
  { name: 'a search', path: `#/search?key=${FIRST}&min=0.5` },
  { name: 'a search of a part', path: `#/search?key=${FIRST}&crop=0.2,0.2,0.5,0.5&meta.album=work` },
  { name: 'nothing found', path: `#/search?key=${FIRST}&meta.album=nowhere` },
  { name: 'the library', path: '#/library' },
  { name: 'a folder', path: '#/library?prefix=faces/' },
  { name: 'a picture', path: `#/picture?key=${SECOND}` },
  { name: 'a rejected picture', path: '#/picture?key=broken.png' },
  { name: 'duplicates', path: '#/duplicates' },
  {
    name: 'duplicates side by side',
    path: '#/duplicates',
    async arrive(page) {
      await page.getByRole('button', { name: 'Side by side' }).first().click();
      await page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'the question before deleting',
    path: `#/picture?key=${SECOND}`,
    async arrive(page) {
      await page.getByRole('button', { name: 'Delete' }).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'adding pictures',
    path: '#/library',
    async arrive(page) {
      await page.getByRole('button', { name: 'Add pictures' }).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'uploads that were not taken',
    path: '#/',
    async arrive(page) {
      await drop(page, [demoPath(demoNames[0]!), demoPath(demoNames[101]!)], 'Add to the library');
      await page.getByText('A picture of this name is in the library.').waitFor();
    },
  },
  { name: 'the map', path: '#/map' },
  { name: 'a search by several', path: `#/search?key=${FIRST}&like=${SECOND}&unlike=${PICTURES[2]!.key}` },
  {
    name: 'a picture shown large, with its facts',
    path: `#/library?show=${SECOND}`,
    async arrive(page) {
      await page.getByRole('button', { name: 'Facts' }).click();
      await page.getByRole('complementary', { name: 'Facts' }).waitFor();
    },
  },
  {
    name: 'pictures that are selected',
    path: '#/library',
    async arrive(page) {
      await page.keyboard.press('Control+a');
      await page.getByRole('region', { name: 'Selection' }).waitFor();
    },
  },
  {
    name: 'pictures side by side',
    path: '#/library',
    async arrive(page) {
      for (const key of [FIRST, SECOND]) {
        await page.getByRole('link', { name: key, exact: true }).focus();
        await page.keyboard.press('x');
      }
      await page.getByRole('button', { name: 'Compare' }).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  { name: 'status', path: '#/status' },
  {
    name: 'a server that does not answer',
    path: '#/',
    async arrive(page, api) {
      api.state.down = true;
      await page.reload();
      await page.getByRole('alert').first().waitFor();
    },
  },
  {
    name: 'an empty library',
    path: '#/',
    async arrive(page, api) {
      api.state.pictures = [];
      await page.reload();
      await page.getByRole('heading', { name: 'Your library is empty' }).waitFor();
    },
  },
];

describe('accessibility', () => {
  let browser: Browser;
  let api: FakeApi;

  beforeAll(async () => {
    [browser, api] = await Promise.all([launch(), startFakeApi({ synthetic: true })]);
  });
  afterAll(async () => {
    await browser?.close();
    await api?.close();
  });
  beforeEach(() => {
    api.state.down = false;
    api.state.pictures = [...PICTURES];
    api.state.duplicates = [[FIRST, SECOND]];
    api.state.rejected = [{ key: 'broken.png', message: 'The file is damaged.' }];
  });

  it.each(STATES)('finds no fault with $name, in light, in dark and on a phone', async ({ path, arrive }) => {
    const { page, close } = await visit(browser, api.url, path, {
      reducedMotion: 'reduce',
      colorScheme: 'light',
    });
    await page.getByText('These are not real results.').or(page.getByRole('alert')).first().waitFor();
    await arrive?.(page, api);
    await settled(page);
    expect(await accessibilityFaults(page)).toEqual([]);
    // The same page in other colours and in another shape: only these can have become worse.
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await accessibilityFaults(page, ['color-contrast'])).toEqual([]);
    await page.setViewportSize(PHONE.viewport!);
    await settled(page);
    expect(
      await accessibilityFaults(page, ['color-contrast', 'target-size', 'scrollable-region-focusable']),
    ).toEqual([]);
    await close();
  });

  it('leads a keyboard from the top of the page to a search and its part', async () => {
    const { page, close } = await visit(browser, api.url, '#/');
    await page.getByText('All 60').waitFor();
    await page.keyboard.press('Tab');
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.textContent), SOON)
      .toBe('Skip to the content');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.evaluate(() => document.activeElement?.tagName), SOON).toBe('H1');

    await page.getByRole('link', { name: `Search by ${FIRST}` }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: `Like ${FIRST}` }).waitFor();
    await expect.poll(() => page.evaluate(() => document.activeElement?.tagName), SOON).toBe('H1');

    await page.getByRole('button', { name: 'Search a part' }).press('Enter');
    const part = page.getByRole('group', { name: 'Part to search for' });
    await part.press('Shift+ArrowRight');
    await page.getByRole('group', { name: 'Part to search for, 52% wide and 50% high' }).waitFor();
    await page.waitForURL(/crop=0\.25%2C0\.25%2C0\.52%2C0\.5/);
    await close();
  });

  it('keeps the focus in a dialog and gives it back', async () => {
    const { page, close } = await visit(browser, api.url, `#/picture?key=${SECOND}`);
    const button = page.getByRole('button', { name: 'Delete' });
    await button.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await expect
      .poll(() => button.evaluate((element) => element === document.activeElement), SOON)
      .toBe(true);
    await close();
  });
});
