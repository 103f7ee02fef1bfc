/** The library with a hundred thousand pictures: scrolled, jumped through, walked by keyboard, left and come back to. */

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { launch, PHONE, settled, type Visit, visit } from './browser.ts';
import { type FakeApi, startFakeApi } from './fake-api.ts';
import { holdTheRest } from './library-page.ts';

const MANY = 100_000;
const keyOf = (n: number) =>
  `roll-${String(Math.floor(n / 1_000)).padStart(3, '0')}/${String(n).padStart(6, '0')}.webp`;
/** Rows down, and past the pictures that are read at first. */
const BEYOND = 50;
const SOON = { timeout: 90_000 };

describe('the library', () => {
  let browser: Browser;
  let api: FakeApi;
  let seen: Visit;
  let page: Page;

  beforeAll(async () => {
    [browser, api] = await Promise.all([
      launch(),
      startFakeApi({ pictures: Array.from({ length: MANY }, (_, n) => ({ key: keyOf(n) })) }),
    ]);
  });
  afterAll(async () => {
    await browser?.close();
    await api?.close();
  });

  beforeEach(async () => {
    await seen?.close();
    api.requests.length = 0;
    seen = await visit(browser, api.url, '#/library');
    page = seen.page;
    await page.getByRole('link', { name: keyOf(0) }).waitFor();
  });

  const tiles = () => page.locator('.virtual-grid > li').count();
  const pagesRead = () => api.requests.filter((request) => request.startsWith('GET /v1/images?')).length;
  const toTheEnd = () => page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));

  it('reads no more than it shows at first', async () => {
    expect(await page.getByText('100,000 pictures').isVisible()).toBe(true);
    await page.waitForLoadState('networkidle');
    expect(pagesRead()).toBe(1);
    expect(await tiles()).toBeLessThan(120);
  });

  it('reaches the last picture, with few tiles at any time', async () => {
    await toTheEnd();
    await page.getByRole('link', { name: keyOf(MANY - 1) }).waitFor(SOON);
    expect(await tiles()).toBeLessThan(150);
    expect(pagesRead()).toBeLessThan(110);
  });

  it('comes back to where it was', async () => {
    await page.mouse.wheel(0, 6_000);
    // The wheel's scroll goes on for a while, and where it ended is noted after it.
    await expect.poll(() => page.evaluate(() => history.state?.scrollY), SOON).toBe(6_000);
    const visible = await page.locator('[data-tile]').nth(40).getAttribute('aria-label');
    await page.goto(`${api.url}/#/picture?key=${encodeURIComponent(visible!)}`);
    await page.locator('.picture').waitFor();
    await expect.poll(() => page.evaluate(() => scrollY), SOON).toBe(0);
    await page.goBack();
    await expect.poll(() => page.evaluate(() => scrollY), SOON).toBeCloseTo(6_000, -1);
    await page.getByRole('link', { name: visible! }).waitFor();
  });

  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label'));

  /** Walks down from the second tile, and says on which one that ends. */
  async function walkDown(rows: number): Promise<number> {
    await page.getByRole('link', { name: keyOf(0) }).focus();
    await page.keyboard.press('ArrowRight');
    await expect.poll(focused, SOON).toBe(keyOf(1));
    await page.keyboard.press('ArrowDown');
    await expect.poll(focused, SOON).not.toBe(keyOf(1));
    const columns = Number(/(\d+)\.webp/.exec((await focused())!)![1]) - 1;
    for (let row = 1; row < rows; row += 1) await page.keyboard.press('ArrowDown');
    return 1 + rows * columns;
  }

  it('is walked with the arrow keys, one tab stop for all', async () => {
    const last = await walkDown(12);
    await expect.poll(focused, SOON).toBe(keyOf(last));
    expect(await page.locator('[data-tile][tabindex="0"]').count()).toBe(1);
    await page.keyboard.press('Home');
    await expect.poll(focused, SOON).toBe(keyOf(0));
  });

  it('is walked as well while tiles wait to be made: no key is lost', async () => {
    // No frame comes, and in none a tile.
    await page.evaluate(() => {
      globalThis.requestAnimationFrame = () => 1;
    });
    const last = await walkDown(12);
    await expect.poll(focused, SOON).toBe(keyOf(last));
    expect(await page.locator('[data-tile][tabindex="0"]').count()).toBe(1);
  });

  it('is walked as well where its pictures are not read yet, and gives the focus to the one that was reached', async () => {
    const release = await holdTheRest(page);
    const last = await walkDown(BEYOND);
    await expect.poll(focused, SOON).toBe('Pictures');
    await page.keyboard.press('ArrowLeft');
    release();
    await expect.poll(focused, SOON).toBe(keyOf(last - 1));
  });

  it('takes the focus from nobody who has gone on meanwhile', async () => {
    const inFind = () => page.getByLabel('Find').evaluate((element) => element === document.activeElement);
    const release = await holdTheRest(page);
    const last = await walkDown(BEYOND);
    await expect.poll(focused, SOON).toBe('Pictures');
    await page.getByLabel('Find').focus();
    release();
    await page.getByRole('link', { name: keyOf(last) }).waitFor(SOON);
    expect(await inFind()).toBe(true);

    await page.getByRole('link', { name: keyOf(last) }).press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(focused, SOON).toBe(keyOf(last));
    await page.getByLabel('Find').focus();
    await page.evaluate(() => scrollTo(0, 0));
    await page.getByRole('link', { name: keyOf(0) }).waitFor(SOON);
    expect(await inFind()).toBe(true);
  });

  it('opens a folder by its name', async () => {
    await page.getByRole('navigation', { name: 'Folders' }).getByRole('link', { name: 'roll-000' }).click();
    await page.getByText('1,000 pictures').waitFor();
    await page.getByRole('heading', { name: 'Library roll-000' }).waitFor();
    await page.getByLabel('Find').fill('042000');
    await page.getByText('Nothing has this in its name').waitFor();
    await page.getByRole('link', { name: 'All pictures' }).click();
    await page.getByRole('navigation', { name: 'Folders' }).getByRole('link', { name: 'roll-099' }).click();
    await page.getByRole('link', { name: keyOf(99_000) }).waitFor();
  });

  it('fits a phone: no view is wider than the screen, and the camera is at hand', async () => {
    await seen.close();
    seen = await visit(browser, api.url, '#/', PHONE);
    page = seen.page;
    const views = {
      '': 'Search',
      library: 'Library',
      [`search?key=${keyOf(7)}`]: 'Like 000007.webp',
      [`picture?key=${keyOf(7)}`]: '000007.webp',
      duplicates: 'Duplicates',
      status: 'Status',
    };
    for (const [view, title] of Object.entries(views)) {
      await page.goto(`${api.url}/#/${view}`);
      await expect.poll(() => page.title(), SOON).toBe(`${title} · Likeness`);
      await settled(page);
      expect(await page.evaluate(() => document.documentElement.scrollWidth), view).toBeLessThanOrEqual(390);
    }
    await page.goto(`${api.url}/#/`);
    await page.getByRole('button', { name: 'Take a photo' }).waitFor();
    expect(await page.locator('input[capture="environment"]').count()).toBe(1);
    seen.assertClean();
  });
});
