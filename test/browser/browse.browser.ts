/** Looking through pictures: the viewer, selecting, folders, sorting, finding, results, several queries, the map. */

import { readFile } from 'node:fs/promises';
import { unzipSync } from 'fflate';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { fakedConsole, PHONE, SOON } from './browser.ts';

const PICTURES = Array.from({ length: 30 }, (_, n) => ({
  key: `${n < 10 ? 'holiday/sea/' : n < 20 ? 'holiday/hills/' : ''}picture ${String(n).padStart(2, '0')}.webp`,
  size: 1_000 + ((n * 7) % 30) * 100,
}));
const [FIRST, SECOND, THIRD] = PICTURES.map(({ key }) => key) as [string, string, string];

describe('looking through pictures', () => {
  const faked = fakedConsole({ pictures: PICTURES });
  const { open } = faked;
  const tile = (page: Page, key: string) => page.getByRole('link', { name: key, exact: true });
  const viewer = (page: Page, key: string) => page.getByRole('dialog', { name: `Picture ${key}` });
  const focused = (page: Page) => page.evaluate(() => (document.activeElement as HTMLElement)?.dataset.key);
  const selected = (page: Page) =>
    page.getByRole('region', { name: 'Selection' }).locator('strong').textContent();

  it('shows a picture large, goes through the list by keys, and comes back to the tile of the last one', async () => {
    const page = await open('#/library');
    await tile(page, FIRST).click();
    await viewer(page, FIRST).waitFor();
    await page.getByText('1 of 30').waitFor();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await viewer(page, THIRD).waitFor();
    await page.keyboard.press('ArrowLeft');
    await viewer(page, SECOND).waitFor();
    expect(decodeURIComponent(page.url().replaceAll('+', ' '))).toContain(`show=${SECOND}`);
    await page.keyboard.press('Escape');
    await viewer(page, SECOND).waitFor({ state: 'detached' });
    await expect.poll(() => focused(page), SOON).toBe(SECOND);
    expect(page.url()).not.toContain('show=');
    expect(page.url()).toContain('#/library');
  });

  it('has an address for a picture that is shown large', async () => {
    const page = await open(`#/library?show=${encodeURIComponent(SECOND)}`);
    await viewer(page, SECOND).waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => page.url(), SOON).not.toContain('show=');
  });

  it('zooms to the original', async () => {
    const page = await open(`#/library?show=${encodeURIComponent(FIRST)}`);
    const image = viewer(page, FIRST).getByRole('img', { name: FIRST });
    await image.waitFor();
    expect(await image.getAttribute('src')).toContain('/thumbnails/');
    const box = (await image.boundingBox())!;
    await page.mouse.move(box.x + box.width / 4, box.y + box.height / 4);
    await page.mouse.wheel(0, -1_500);
    await expect.poll(() => image.getAttribute('src'), SOON).toContain('/pictures/');
    expect((await image.boundingBox())!.width).toBeGreaterThan(box.width * 2);
    await page.keyboard.press('0');
    await expect.poll(async () => (await image.boundingBox())!.width, SOON).toBeCloseTo(box.width, 0);
  });

  it('searches by the picture that is shown, tells its facts, and deletes it with a way back', async () => {
    const page = await open(`#/library?show=${encodeURIComponent(FIRST)}`);
    await viewer(page, FIRST).waitFor();
    await page.keyboard.press('i');
    await viewer(page, FIRST).getByText('Changed').waitFor();
    await page.keyboard.press('Delete');
    const question = page.getByRole('dialog', { name: 'Delete this picture?' });
    await question.getByText('into the trash').waitFor();
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent), SOON).toBe('Cancel');
    await question.getByRole('button', { name: 'Delete this picture' }).click();
    await viewer(page, SECOND).waitFor();
    expect(faked.api.state.pictures.some(({ key }) => key === FIRST)).toBe(false);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(() => faked.api.state.pictures.some(({ key }) => key === FIRST), SOON).toBe(true);
    await tile(page, SECOND).click();
    await viewer(page, SECOND).waitFor();
    await page.keyboard.press('s');
    await page.getByRole('heading', { name: 'Like picture 01.webp' }).waitFor();
  });

  it('selects by tick, by range, and all of it, and takes the ticks away', async () => {
    const page = await open('#/library');
    await tile(page, FIRST).hover();
    await page.getByRole('button', { name: `Select ${FIRST}` }).click();
    expect(await selected(page)).toBe('1 picture');
    await tile(page, PICTURES[4]!.key).click({ modifiers: ['Shift'] });
    expect(await selected(page)).toBe('5 pictures');
    await page.keyboard.press('Control+a');
    await expect.poll(() => selected(page), SOON).toBe('30 pictures');
    await page.keyboard.press('Escape');
    await page.getByRole('region', { name: 'Selection' }).waitFor({ state: 'detached' });
  });

  it('selects by a long press on a phone', async () => {
    const page = await open('#/library', {}, PHONE);
    // What comes late moves the tiles down.
    await page.getByRole('navigation', { name: 'Folders here' }).waitFor();
    const box = (await tile(page, FIRST).boundingBox())!;
    const session = await page.context().newCDPSession(page);
    const touchPoints = [{ x: box.x + 20, y: box.y + 20 }];
    await session.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints });
    await page.getByRole('region', { name: 'Selection' }).waitFor();
    await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
    expect(await selected(page)).toBe('1 picture');
    expect(page.url()).not.toContain('show=');
  });

  it('saves what is selected as a zip, as CSV and as JSON', async () => {
    const page = await open('#/library');
    for (const key of [FIRST, SECOND]) await tile(page, key).click({ modifiers: ['Control'] });
    const save = async (button: string) => {
      const [file] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: button }).click(),
      ]);
      return readFile(await file.path());
    };
    const zip = unzipSync(await save('Download'));
    expect(Object.keys(zip)).toEqual([FIRST, SECOND]);
    expect(zip[FIRST]!.length).toBeGreaterThan(1_000);
    await page.getByText('Export').click();
    const [head, first] = (await save('Save as CSV')).toString().split('\r\n');
    expect(head).toMatch(/^key,size,/);
    expect(first).toContain(FIRST);
    await page.getByText('Export').click();
    expect(JSON.parse((await save('Save as JSON')).toString())).toHaveLength(2);
  });

  it('deletes what is selected; when it is stopped it says how many went', async () => {
    const page = await open('#/library');
    await page.keyboard.press('Control+a');
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    faked.api.state.delayMs = 400;
    await page.getByRole('button', { name: 'Delete 30 pictures' }).click();
    await page.getByRole('button', { name: /[4-9] of 30 deleted/ }).waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    faked.api.state.delayMs = 0;
    await page.locator('.toast', { hasText: /\d+ of 30 pictures deleted/ }).waitFor();
    expect(faked.api.state.pictures.length).toBeGreaterThan(5);
  });

  it('compares pictures with one zoom for all', async () => {
    const page = await open('#/library');
    for (const key of [FIRST, SECOND]) await tile(page, key).click({ modifiers: ['Control'] });
    await page.getByRole('button', { name: 'Compare' }).click();
    const dialog = page.getByRole('dialog', { name: 'Side by side' });
    await dialog.getByRole('button', { name: 'Larger' }).click();
    const transforms = await dialog
      .locator('.zoomable img')
      .evaluateAll((all) => all.map((each) => (each as HTMLElement).style.transform));
    expect(transforms).toHaveLength(2);
    expect(transforms[0]).toBe(transforms[1]);
    expect(transforms[0]).toContain('scale(1.5)');
    await page.keyboard.press('b');
    await expect.poll(() => dialog.locator('li[hidden]').count(), SOON).toBe(1);
  });

  it('searches by all that is selected, and away from a result', async () => {
    const page = await open('#/library');
    for (const key of [FIRST, SECOND]) await tile(page, key).click({ modifiers: ['Control'] });
    await page.getByRole('button', { name: 'Search by all' }).click();
    await page.getByRole('heading', { name: 'Like picture 00.webp and 1 other' }).waitFor();
    await page.getByRole('list', { name: 'Results' }).getByRole('listitem').first().hover();
    await page.getByRole('button', { name: `Less like ${THIRD}` }).click();
    await page.waitForURL(/unlike=/);
    await page.getByRole('list', { name: 'Also searched by' }).getByRole('listitem').nth(1).waitFor();
    await page.getByRole('button', { name: `Without ${THIRD}` }).click();
    await expect.poll(() => page.url(), SOON).not.toContain('unlike=');
  });

  it('has all folders in a tree, with counts, and says where one is', async () => {
    const page = await open('#/library');
    const tree = page.getByRole('navigation', { name: 'Folders' });
    await tree.getByRole('link', { name: 'holiday 20' }).click();
    await page.getByText('20 pictures').waitFor();
    await tree.getByRole('link', { name: 'sea 10' }).click();
    await page.getByRole('heading', { name: 'Library holiday sea' }).waitFor();
    await page.getByRole('heading').getByRole('link', { name: 'holiday' }).click();
    await page.getByText('20 pictures').waitFor();
  });

  it('finds a part of a name or folder, and sorts', async () => {
    const page = await open('#/library');
    await page.getByLabel('Find').fill('HILLS');
    await page.getByText('10 pictures').waitFor();
    await page.getByLabel('Find').fill('');
    await page.getByText('30 pictures').waitFor();
    await page.getByLabel('Sort').selectOption('largest');
    const largest = [...PICTURES].sort((a, b) => b.size - a.size)[0]!.key;
    await expect.poll(() => page.locator('[data-tile]').first().getAttribute('data-key'), SOON).toBe(largest);
    await page.reload();
    expect(await page.getByLabel('Sort').inputValue()).toBe('largest');
  });

  it('shows copies as one, and where likeness drops', async () => {
    const scores = [0.95, 0.949, 0.94, 0.93, 0.92, 0.6, 0.59, 0.58];
    const pictures = scores.map((score, n) => ({
      key: `r${n}.webp`,
      score,
      ...(n === 1 && { stackedOn: 'r0.webp' }),
    }));
    const page = await open('#/search?key=query.webp', { pictures: [...pictures, { key: 'query.webp' }] });
    await page.getByText('Less alike from here: 0.60 and below').waitFor();
    expect(await tile(page, 'r1.webp, score 0.94').count()).toBe(0);
    await page.getByRole('button', { name: '1 near-copy of r0.webp' }).click();
    await tile(page, 'r1.webp, score 0.94').waitFor();
  });

  it('goes on to a thousand results as someone scrolls, and opens one large', async () => {
    const pictures = Array.from({ length: 400 }, (_, n) => ({ key: `${n}.webp` }));
    const page = await open('#/search?key=0.webp', { pictures });
    const results = page.getByRole('list', { name: 'Results' }).locator('.tile');
    await expect.poll(() => results.count(), SOON).toBeGreaterThanOrEqual(60);
    const shown = async () => {
      await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
      return results.count();
    };
    await expect.poll(shown, SOON).toBe(399);
    await results.nth(100).locator('a').click();
    await page.getByText('101 of 399').waitFor();
  });

  it('has a histogram above the least score, and metadata filters only where there is metadata', async () => {
    const page = await open(`#/search?key=${encodeURIComponent(FIRST)}`);
    await page.locator('.histogram > span').nth(49).waitFor();
    await page.getByText(/pictures, 29 shown/).waitFor();
    expect(await page.getByRole('combobox', { name: 'Metadata' }).count()).toBe(0);
  });

  it('asks for thumbnails that failed again', async () => {
    const page = await open('#/status');
    let failing = true;
    await page.route('**/thumbnails/**', (route) => (failing ? route.abort() : route.continue()));
    await page.getByRole('link', { name: 'Library' }).click();
    await tile(page, FIRST).waitFor();
    expect(await page.locator('.thumbnail[data-loaded]').count()).toBe(0);
    failing = false;
    await expect.poll(() => page.locator('.thumbnail[data-loaded]').count(), SOON).toBeGreaterThan(5);
  });

  it('says how far indexing is, and for how long still', async () => {
    const page = await open('#/duplicates', { waiting: 1_000 });
    await page.getByRole('link', { name: /2,000 of 3,000, about \d+ seconds left/ }).waitFor();
    await page.getByText('Still indexing').waitFor();
    await page.getByRole('link', { name: 'Status' }).click();
    await page.getByText('None so far').waitFor();
    faked.api.state.waiting = 0;
    await page.getByText('None: everything').waitFor();
  });

  it('lays out a map, opens a picture from it, and selects by the lasso', async () => {
    const page = await open('#/map');
    const map = page.getByRole('img', { name: /Map of the library/ });
    await page.locator('.map-frame[data-done]').waitFor();
    const box = (await map.boundingBox())!;
    await page.getByRole('button', { name: 'Lasso' }).click();
    const corners = [
      [2, 2],
      [box.width - 200, 2],
      [box.width - 200, box.height - 2],
      [2, box.height - 2],
    ] as const;
    await page.mouse.move(box.x + 2, box.y + 2);
    await page.mouse.down();
    for (const [x, y] of corners) await page.mouse.move(box.x + x, box.y + y, { steps: 3 });
    await page.mouse.up();
    await expect
      .poll(async () => Number.parseInt((await selected(page)) ?? '0', 10), SOON)
      .toBeGreaterThan(5);
    await page.keyboard.press('Escape');
    await map.focus();
    for (let step = 0; step < 30 && !page.url().includes('show='); step += 1) {
      await page.keyboard.press('-');
      await page.keyboard.press('Enter');
    }
    await page.waitForURL(/show=/);
  });

  it('fits 320 pixels', async () => {
    const page = await open('#/', {}, { viewport: { width: 320, height: 640 } });
    for (const path of [
      '',
      'library',
      'map',
      'duplicates',
      'status',
      `search?key=${encodeURIComponent(FIRST)}`,
    ]) {
      await page.goto(`${faked.api.url}/#/${path}`);
      await page.locator('main h1').waitFor({ state: 'attached' });
      expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(320);
    }
    expect(await page.getByRole('button', { name: 'Add pictures' }).isVisible()).toBe(true);
  });

  it('restores all of a trash, however many that are', async () => {
    const trash = Array.from({ length: 1_100 }, (_, i) => ({ key: `gone ${i}.webp` }));
    const page = await open('#/status', { trash });
    await page.getByRole('button', { name: 'Restore all' }).click();
    await page.getByText('1,100 pictures back').first().waitFor();
    expect(faked.api.state.trash).toEqual([]);
  });

  it('has a trash to restore from and to empty', async () => {
    const page = await open('#/status', { trash: [{ key: 'gone 1.webp' }, { key: 'gone 2.webp' }] });
    await page.getByRole('button', { name: 'Restore gone 1.webp' }).click();
    await expect.poll(() => faked.api.state.trash.length, SOON).toBe(1);
    await page.getByRole('button', { name: 'Empty' }).click();
    const asked = page.waitForRequest('**/v1/trash/empty');
    await page.getByLabel('What goes').selectOption('30');
    await page.getByRole('button', { name: 'Delete for good' }).click();
    const { before } = (await asked).postDataJSON() as { before: string };
    expect(Math.round((Date.now() - Date.parse(before)) / 86_400_000)).toBe(30);
    await expect.poll(() => faked.api.state.trash.length, SOON).toBe(0);
  });
});
