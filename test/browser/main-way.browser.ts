/** The whole way through the real server: drop thirty pictures, find the right one, a part, copies, and delete. */

import { access, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drop, launch, SOON, type Visit, visit } from './browser.ts';
import { demoNames, demoPath } from './demo-pictures.ts';
import { type PictureFolder, pictureFolder } from './pictures.ts';
import { type RealServer, startRealServer } from './real-server.ts';

/** Thirty drawings that do not look like each other: evenly spread over all of them. */
const DRAWINGS = Array.from({ length: 30 }, (_, n) => demoNames[Math.floor((n * demoNames.length) / 30)]!);

const [FIRST, SECOND] = [DRAWINGS[3]!, DRAWINGS[22]!];

describe('the console on likeness serve', () => {
  let server: RealServer;
  let browser: Browser;
  let files: PictureFolder;
  let seen: Visit;
  let page: Page;

  beforeAll(async () => {
    [server, browser, files] = await Promise.all([startRealServer(), launch(), pictureFolder()]);
    seen = await visit(browser, server.url);
    page = seen.page;
  });

  afterAll(async () => {
    await browser?.close();
    await Promise.all([server?.close(), files?.remove()]);
  });

  const results = () => page.getByRole('list', { name: 'Results' }).getByRole('listitem');
  const resultKeys = () =>
    results().evaluateAll((items) =>
      items.map((item) => item.querySelector('.tile-caption > span')?.getAttribute('title')),
    );
  const isGoodThere = () =>
    access(join(server.folder, 'mixed/good.webp')).then(
      () => true,
      () => false,
    );
  const firstResult = () => results().first().locator('.tile-caption > span').first();

  it('begins with an empty library that says what to do', async () => {
    await page.getByRole('heading', { name: 'Your library is empty' }).waitFor();
    await page.getByRole('button', { name: 'Try the demo pictures' }).waitFor();
  });

  it('takes thirty pictures that are dropped, and has them found', async () => {
    await drop(page, DRAWINGS.map(demoPath), 'Add to the library');
    await page.getByRole('heading', { name: '30 pictures added' }).waitFor({ timeout: 150_000 });
    await page.getByText('All 30').waitFor();
    for (const name of DRAWINGS) await access(join(server.folder, name));
    await page.getByRole('button', { name: 'Close the list of uploads' }).click();
  });

  it('refuses what is no picture, with the reason, and takes the others of the same drop', async () => {
    const folder = join(files.path, 'mixed');
    await mkdir(folder);
    const inside = (name: string) => join('mixed', name);
    await files.write(inside('notes.txt'), 'no picture at all');
    await files.write(inside('broken.png'), 'a text that is called a picture');
    await files.write(inside('banner.psd'), '8BPS\0\x01');
    await files.copy(SECOND, inside('good.webp'));
    await drop(page, [folder], 'Add to the library');
    await page.getByRole('heading', { name: '1 picture added, 3 not' }).waitFor({ timeout: 30_000 });
    const line = (key: string) => page.locator('.tray-list li', { hasText: key });
    expect(await line('mixed/notes.txt').textContent()).toContain('not a picture');
    expect((await line('mixed/broken.png').locator('.tray-reason').textContent())?.length).toBeGreaterThan(
      10,
    );
    const aboutPsd = await line('mixed/banner.psd').locator('.tray-reason').textContent();
    expect(aboutPsd).toContain('cannot be decoded whole');
    // What was refused is not left in the user's folder.
    expect(await readdir(join(server.folder, 'mixed'))).toEqual(['good.webp']);
    await page.getByRole('button', { name: 'Close the list of uploads' }).click();
  });

  it('shows what was rejected, and why, under Status and on the page of the file', async () => {
    // Through the console it would be refused before it is written.
    await writeFile(join(server.folder, 'mixed', 'broken.png'), 'a text that is called a picture');
    await page.getByRole('link', { name: 'Status' }).click();
    await page.getByRole('link', { name: 'mixed/broken.png' }).click();
    await page.getByText('It cannot be searched.').waitFor();
    expect(await page.locator('.state').textContent()).toBe('Rejected');
  });

  it('does not overwrite a picture unless told to', async () => {
    await drop(page, [demoPath(FIRST)], 'Add to the library');
    await page.getByText('A picture of this name is in the library.').waitFor();
    await page.getByRole('button', { name: `Replace ${FIRST}` }).click();
    await page.getByRole('heading', { name: '1 picture added' }).waitFor({ timeout: 30_000 });
    await page.getByRole('button', { name: 'Close the list of uploads' }).click();
  });

  it('finds the original of a picture that is dropped to search with', async () => {
    const query = await files.smaller(FIRST, 'query.jpg');
    await drop(page, [query], 'Search with it');
    await page.getByRole('heading', { name: 'Like your picture' }).waitFor();
    await firstResult().waitFor();
    expect((await resultKeys())[0]).toBe(FIRST);
    const scores = (await page.locator('.tile-score').allTextContents()).map(Number);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
  });

  it('keeps the search over a reload', async () => {
    await page.reload();
    await firstResult().waitFor();
    expect((await resultKeys())[0]).toBe(FIRST);
  });

  it('cuts off what scores less than the slider says, and has that in the address', async () => {
    const shown = async () => (await page.locator('.tile-score').allTextContents()).map(Number);
    const before = await shown();
    const [best] = before;
    const slider = page.getByRole('slider', { name: 'Least score' });
    await slider.fill(String(best));
    await expect.poll(shown, SOON).toEqual(before.filter((score) => score >= best!));
    expect((await shown()).length).toBeLessThan(before.length);
    await page.waitForURL(/min=/);
    await slider.fill('0');
    await expect.poll(shown, SOON).toEqual(before);
  });

  it('searches only a folder', async () => {
    const folder = page.getByLabel('Folder', { exact: true });
    await folder.fill('mixed/');
    await folder.press('Enter');
    await expect.poll(resultKeys, SOON).toEqual(['mixed/good.webp']);
  });

  it('keeps a filter that was set just before a reload', async () => {
    const folder = page.getByLabel('Folder', { exact: true });
    await folder.fill('mix');
    await folder.press('Enter');
    await page.reload();
    await expect.poll(resultKeys, SOON).toEqual(['mixed/good.webp']);
    expect(await folder.inputValue()).toBe('mix');
  });

  it('searches by a result, and goes back', async () => {
    await page.goto(`${server.url}/#/search?key=${FIRST}`);
    // Until then the results of the search before are there.
    await page.getByRole('heading', { name: `Like ${FIRST}` }).waitFor();
    await firstResult().waitFor();
    const [next] = await resultKeys();
    await results().first().hover();
    await results().first().getByRole('button', { name: 'Search by' }).click();
    await page.getByRole('heading', { name: `Like ${next!.split('/').pop()}` }).waitFor();
    await page.goBack();
    await page.getByRole('heading', { name: `Like ${FIRST}` }).waitFor();
    await expect.poll(async () => (await resultKeys())[0], SOON).toBe(next);
  });

  it('searches a part that is drawn with the mouse', async () => {
    await drop(page, [await files.pair(FIRST, SECOND, 'pair.png')], 'Search with it');
    // Until then the picture of the search before is there.
    await page.getByRole('heading', { name: 'Like your picture' }).waitFor();
    const picture = page.getByAltText('The picture you search by');
    await picture.waitFor();
    await expect
      .poll(
        () => picture.evaluate((image: HTMLImageElement) => image.complete && image.naturalWidth > 0),
        SOON,
      )
      .toBe(true);
    const box = (await picture.boundingBox())!;
    const move = async (from: number, to: number) => {
      await page.mouse.move(box.x + box.width * from, box.y + 3);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * to, box.y + box.height - 3, { steps: 5 });
      await page.mouse.up();
    };
    await move(0.01, 0.49);
    await page.getByRole('heading', { name: 'Like this part of your picture' }).waitFor();
    await expect.poll(async () => (await resultKeys())[0], SOON).toBe(FIRST);
    await page.waitForURL(/crop=/);
  });

  it('moves the part with the arrow keys', async () => {
    const part = page.getByRole('group', { name: 'Part to search for' });
    await part.focus();
    for (let step = 0; step < 26; step += 1) await part.press('ArrowRight');
    // The drawing itself, or its copy in the other folder: they score the same.
    await expect
      .poll(async () => [SECOND, 'mixed/good.webp'].includes((await resultKeys())[0]!), SOON)
      .toBe(true);
    await part.press('Escape');
    await page.getByRole('heading', { name: 'Like your picture' }).waitFor();
  });

  it('groups copies, compares them side by side, and deletes one only when asked twice', async () => {
    await page.getByRole('link', { name: 'Duplicates' }).click();
    const group = page.locator('.group', { has: page.getByTitle('mixed/good.webp', { exact: true }) });
    await group.waitFor();
    expect(await group.getByTitle(SECOND, { exact: true }).count()).toBe(1);
    await group.getByRole('button', { name: 'Side by side' }).click();
    await page
      .getByRole('dialog', { name: 'Side by side' })
      .getByRole('img', { name: SECOND, exact: true })
      .waitFor();
    // Whichever stays by itself: this one is to.
    await page
      .getByRole('button', { name: /^(Keep this|Stays): / })
      .filter({ has: page.locator(`xpath=self::*[contains(@aria-label, "${SECOND}")]`) })
      .last()
      .click();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Delete 1', exact: true }).click();
    const question = page.getByRole('dialog', { name: 'Delete this picture?' });
    await question.getByRole('button', { name: 'Cancel' }).click();
    await question.waitFor({ state: 'detached' });
    expect(await isGoodThere()).toBe(true);

    await page.getByRole('button', { name: 'Delete 1', exact: true }).click();
    await question.getByRole('button', { name: 'Delete this picture' }).click();
    await expect.poll(() => group.count(), SOON).toBe(0);
    await expect.poll(isGoodThere, SOON).toBe(false);
  });

  it('has it back from the trash', async () => {
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(isGoodThere, SOON).toBe(true);
  });

  it('asked nobody else for anything, and threw nothing', () => {
    seen.assertClean();
  });
});
