/** Finding pictures: folders, sorting, parts of names, results, the map; and what is said while the library grows. */

import { describe, expect, it } from 'vitest';
import { fakedConsole, SOON, settled } from './browser.ts';
import { FIRST, PICTURES, selectedCount, tile } from './library-page.ts';

describe('finding pictures', () => {
  const faked = fakedConsole({ pictures: PICTURES });
  const { open } = faked;

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

  it('offers the same folders where a search is narrowed', async () => {
    const page = await open(`#/search?key=${encodeURIComponent(FIRST)}`);
    const folder = page.getByLabel('Folder', { exact: true });
    await folder.fill('hill');
    const offered = () =>
      folder.evaluate((input: HTMLInputElement) =>
        Array.from(input.list?.options ?? [], ({ value }) => value),
      );
    await expect.poll(offered, SOON).toEqual(['holiday/hills/']);
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

  it('shows pixels and the day of a photo below a result, and on a tile of the library that is pointed at', async () => {
    const facts = { width: 6_000, height: 4_000, taken: '2019-08-02T12:30:00' };
    const pictures = [{ key: 'photo.jpg', facts }, { key: 'drawing.svg' }, { key: 'query.webp' }];
    const page = await open('#/search?key=query.webp', { pictures });
    const results = page.getByRole('list', { name: 'Results' }).getByRole('listitem');
    await expect
      .poll(() => results.filter({ hasText: 'photo.jpg' }).locator('.tile-about').allTextContents(), SOON)
      .toEqual(['6000 × 4000, Aug 2, 2019']);
    expect(await results.filter({ hasText: 'drawing.svg' }).locator('.tile-about').count()).toBe(0);
    await page.goto(page.url().replace(/#.*/, '#/library'));
    const photo = page.locator('[data-key="photo.jpg"]');
    const about = photo.locator('.tile-about');
    expect(await about.isVisible()).toBe(false);
    await photo.hover();
    await about.waitFor();
    expect(await photo.getAttribute('aria-description')).toBe('6000 × 4000, Aug 2, 2019');
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
    const page = await open('#/');
    const asked = page.waitForResponse('**/v1/metadata');
    await page.goto(`${faked.api.url}/#/search?key=${encodeURIComponent(FIRST)}`);
    await page.locator('.histogram > span').nth(49).waitFor();
    await page.getByText(/pictures, 29 shown/).waitFor();
    await (await asked).finished();
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
    await page.getByRole('link', { name: 'Status', exact: true }).click();
    await page.getByRole('heading', { name: 'Status' }).waitFor();
    await page.getByText(/Still indexing: 2,000 of 3,000, about \d+ seconds left/).waitFor();
    // The same bar in both places.
    await expect
      .poll(
        () =>
          page
            .getByRole('progressbar', { name: 'Pictures indexed' })
            .evaluateAll((all) => all.map((each) => (each as HTMLProgressElement).position.toFixed(3))),
        SOON,
      )
      .toEqual(['0.667', '0.667']);
    faked.api.state.waiting = 600;
    await page.getByText(/Still indexing: 2,400 of 3,000/).waitFor();
    await page.getByText('None so far').waitFor();
    faked.api.state.waiting = 0;
    await page.getByText('None: everything').waitFor();
  });

  it('begins at home with a sample of the library, and with others when asked', async () => {
    const page = await open('#/');
    await tile(page, FIRST).waitFor();
    await page.getByRole('button', { name: 'Others' }).click();
    const seeds = () =>
      faked.api.requests
        .filter((each) => each.startsWith('GET /v1/sample'))
        .map((each) => new URLSearchParams(each.split('?')[1]).get('seed'));
    await expect.poll(seeds, SOON).toHaveLength(2);
    expect(new Set(seeds()).size).toBe(2);
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
      .poll(async () => Number.parseInt((await selectedCount(page)) ?? '0', 10), SOON)
      .toBeGreaterThan(5);
    await page.keyboard.press('Escape');
    await map.focus();
    for (let step = 0; step < 30 && !page.url().includes('show='); step += 1) {
      await page.keyboard.press('-');
      await page.keyboard.press('Enter');
    }
    await page.waitForURL(/show=/);
  });

  it('tells pixels and the day of a photo that is pointed at on the map', async () => {
    const facts = { width: 6_000, height: 4_000, taken: '2019-08-02T12:30:00' };
    const page = await open('#/map', { pictures: [{ ...PICTURES[0]!, facts }] });
    await page.locator('.map-frame[data-done]').waitFor();
    // The only one stands in the middle.
    await page.getByRole('img', { name: /Map of the library/ }).hover();
    await page.getByText('picture 00.webp 6000 × 4000, Aug 2, 2019').waitFor();
  });

  it('fits 320 pixels', async () => {
    const page = await open('#/', {}, { viewport: { width: 320, height: 640 } });
    const views = {
      '': 'Search',
      library: 'Library',
      map: 'Map',
      duplicates: 'Duplicates',
      status: 'Status',
      [`search?key=${encodeURIComponent(FIRST)}`]: 'Like picture 00.webp',
    };
    for (const [path, title] of Object.entries(views)) {
      await page.goto(`${faked.api.url}/#/${path}`);
      await expect.poll(() => page.title(), SOON).toBe(`${title} · Likeness`);
      await settled(page);
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
    const facts = { width: 6_000, height: 4_000, taken: '2019-08-02T12:30:00' };
    const page = await open('#/status', { trash: [{ key: 'gone 1.webp', facts }, { key: 'gone 2.webp' }] });
    await page.getByText('gone 1.webp 6000 × 4000, Aug 2, 2019, 20 KB, deleted').waitFor();
    await page.getByText('gone 2.webp 20 KB, deleted').waitFor();
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
