/** The library with a hundred thousand pictures: scrolled, jumped through, walked by keyboard, left and come back to. */

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { launch, PHONE, type Visit, visit } from './browser.ts';
import { type FakeApi, startFakeApi } from './fake-api.ts';

const MANY = 100_000;
const keyOf = (n: number) =>
  `roll-${String(Math.floor(n / 1_000)).padStart(3, '0')}/${String(n).padStart(6, '0')}.webp`;
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
    await expect.poll(() => page.evaluate(() => history.state?.scrollY ?? 0), SOON).toBeGreaterThan(3_000);
    const before = await page.evaluate(() => scrollY);
    const visible = await page.locator('[data-tile]').nth(40).getAttribute('aria-label');
    await page.goto(`${api.url}/#/picture?key=${encodeURIComponent(visible!)}`);
    await page.locator('.picture').waitFor();
    await expect.poll(() => page.evaluate(() => scrollY), SOON).toBe(0);
    await page.goBack();
    await expect.poll(() => page.evaluate(() => scrollY), SOON).toBeCloseTo(before, -1);
    await page.getByRole('link', { name: visible! }).waitFor();
  });

  it('is walked with the arrow keys, one tab stop for all', async () => {
    await page.getByRole('link', { name: keyOf(0) }).focus();
    await page.keyboard.press('ArrowRight');
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
    await expect.poll(focused, SOON).toBe(keyOf(1));
    for (let row = 0; row < 12; row += 1) await page.keyboard.press('ArrowDown');
    await expect
      .poll(async () => Number(/(\d+)\.webp/.exec((await focused()) ?? '')?.[1]), SOON)
      .toBeGreaterThan(12);
    expect(await page.locator('[data-tile][tabindex="0"]').count()).toBe(1);
    await page.keyboard.press('Home');
    await expect.poll(focused, SOON).toBe(keyOf(0));
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
    const views = [
      '',
      'library',
      `search?key=${keyOf(7)}`,
      `picture?key=${keyOf(7)}`,
      'duplicates',
      'status',
    ];
    for (const view of views) {
      await page.goto(`${api.url}/#/${view}`);
      await page.locator('main h1').waitFor({ state: 'attached' });
      await page.waitForLoadState('networkidle');
      expect(await page.evaluate(() => document.documentElement.scrollWidth), view).toBeLessThanOrEqual(390);
    }
    await page.goto(`${api.url}/#/`);
    await page.getByRole('button', { name: 'Take a photo' }).waitFor();
    expect(await page.locator('input[capture="environment"]').count()).toBe(1);
    seen.assertClean();
  });
});
