/** A picture shown large: over every view, through its list, by its address; its facts, and what is done from there. */

import type { Locator, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { fakedConsole, SOON } from './browser.ts';
import { FIRST, focusedKey, PICTURES, SECOND, THIRD, tile, viewer } from './library-page.ts';

describe('the viewer', () => {
  const faked = fakedConsole({ pictures: PICTURES });
  const { open } = faked;

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
    const address = () => decodeURIComponent(page.url().replaceAll('+', ' '));
    await expect.poll(address, SOON).toContain(`show=${SECOND}`);
    await page.keyboard.press('Escape');
    await viewer(page, SECOND).waitFor({ state: 'detached' });
    await expect.poll(() => focusedKey(page), SOON).toBe(SECOND);
    await expect.poll(address, SOON).toMatch(/#\/library$/);
  });

  it('hears the keys from the frame on that shows it, and so does the question above it', async () => {
    const page = await open('#/library');
    const openedBy = (what: Locator) =>
      what.evaluate(async (element: HTMLElement) => {
        element.click();
        await new Promise(requestAnimationFrame);
        return document.querySelectorAll('dialog[open]').length;
      });
    expect(await openedBy(tile(page, FIRST))).toBe(1);
    expect(await openedBy(viewer(page, FIRST).getByRole('button', { name: 'Delete' }))).toBe(2);
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
    await expect.poll(async () => (await image.boundingBox())!.width, SOON).toBeGreaterThan(box.width * 2);
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

  const views = {
    home: { path: '#/', to: (page: Page) => tile(page, SECOND) },
    'a search': {
      path: `#/search?key=${encodeURIComponent(FIRST)}`,
      to: (page: Page) => page.locator(`.results [data-tile][data-key="${SECOND}"]`),
    },
    'a picture': {
      path: `#/picture?key=${encodeURIComponent(FIRST)}`,
      to: (page: Page) => page.locator(`[data-tile][data-key="${SECOND}"]`),
    },
    duplicates: {
      path: '#/duplicates',
      to: (page: Page) => page.getByRole('button', { name: `Show ${SECOND}` }),
    },
  };

  it.each(Object.entries(views))(
    'opens above %s, with its list, and gives the focus back',
    async (_, { path, to }) => {
      const page = await open(path, { duplicates: [PICTURES.slice(0, 3).map(({ key }) => key)] });
      await to(page).click();
      await viewer(page, SECOND)
        .getByText(/^\d+ of \d+$/)
        .waitFor();
      await page.keyboard.press('Escape');
      await viewer(page, SECOND).waitFor({ state: 'detached' });
      await expect.poll(() => focusedKey(page), SOON).toBe(SECOND);
      await expect.poll(() => page.url(), SOON).toBe(`${faked.api.url}/${path}`);
    },
  );

  it('tells all that is known of a picture', async () => {
    const facts = {
      width: 4_000,
      height: 3_000,
      taken: '2024-07-31T18:04:12',
      camera: 'Makers M1',
      latitude: 48.85,
      longitude: -2.35,
    };
    const page = await open('#/library', { pictures: [{ key: FIRST, size: 1_234_000, facts }] });
    await tile(page, FIRST).click();
    await page.keyboard.press('i');
    const list = page.getByRole('complementary', { name: 'Facts' }).getByRole('definition');
    await expect
      .poll(() => list.allTextContents(), SOON)
      .toEqual([
        '4000 × 3000 12.0 MP',
        expect.stringContaining('2024'),
        'Makers M1',
        '48.8500° N, 2.3500° W',
        '1.2 MB image/webp',
        expect.stringContaining('2026'),
        FIRST,
      ]);
  });

  it('is worked by keys after a deletion as before, whether it is made or not', async () => {
    const page = await open(`#/library?show=${encodeURIComponent(FIRST)}`);
    const question = page.getByRole('dialog', { name: 'Delete this picture?' });
    await viewer(page, FIRST).waitFor();
    await page.keyboard.press('d');
    await question.getByRole('button', { name: 'Cancel' }).click();
    // The focus comes back a frame after the question is gone; nobody types as fast.
    const answered = async () => {
      await question.waitFor({ state: 'detached' });
      await page.waitForFunction(() => document.activeElement !== document.body);
    };
    await answered();
    await page.keyboard.press('ArrowRight');
    await viewer(page, SECOND).waitFor();
    await page.keyboard.press('d');
    await question.getByRole('button', { name: 'Delete this picture' }).click();
    await viewer(page, THIRD).waitFor();
    await answered();
    await page.keyboard.press('ArrowLeft');
    await viewer(page, FIRST).waitFor();
  });

  it('shows a picture in its folder, or opens it, on the machine that has the files alone', async () => {
    const page = await open(`#/library?show=${encodeURIComponent(FIRST)}`, {
      config: { desktop: '/desktop' },
    });
    const asked: string[] = [];
    await page.route('**/desktop/*', (route) => {
      asked.push(`${new URL(route.request().url()).pathname} ${route.request().postData()}`);
      return route.fulfill({ status: 204 });
    });
    await viewer(page, FIRST).waitFor();
    await page.keyboard.press('i');
    await page.getByRole('button', { name: 'Show in folder' }).click();
    await page.getByRole('button', { name: 'Open', exact: true }).click();
    const body = JSON.stringify({ key: FIRST });
    await expect.poll(() => asked, SOON).toEqual([`/desktop/show ${body}`, `/desktop/open ${body}`]);
    await page.goto('about:blank');
    await page.unrouteAll();
  });

  it('offers nothing of that where the files are elsewhere', async () => {
    const page = await open(`#/library?show=${encodeURIComponent(FIRST)}`);
    await viewer(page, FIRST).waitFor();
    await page.keyboard.press('i');
    await page.getByRole('button', { name: 'Copy key' }).waitFor();
    expect(await page.getByRole('button', { name: 'Show in folder' }).count()).toBe(0);
  });
});
