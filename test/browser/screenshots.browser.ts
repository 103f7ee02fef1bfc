/** The pictures of the manual, taken of the real server over photographs and some drawings once they are indexed; only when asked for. */

import { copyFile, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoPhotographs } from '../../local/demo-photographs.ts';
import { addPictures, readableNames } from '../../local/demo-pictures.ts';
import { drop, launch, PHONE, settled, visit } from './browser.ts';
import { demoNames, demoPath } from './demo-pictures.ts';
import { type PictureFolder, pictureFolder } from './pictures.ts';
import { type RealServer, startRealServer } from './real-server.ts';

const FOLDER = fileURLToPath(new URL('../../docs/screenshots', import.meta.url));
const MAX_BYTES = 300_000;
const FRAME_MS = 250;

/** People at work; animals, plants, food and vehicles. */
const PEOPLE = /^1f9d1-200d-(1f680|1f393|1f373|1f3a8|1f692|1f33e|1f52c|1f3eb)\.webp$/;
const THINGS = /^(1f4[0-2]|1f98|1f3[2-6]|1f68).\.webp$/;
const DRAWINGS = demoNames.filter((name) => PEOPLE.test(name) || THINGS.test(name));
/** Food that is not among them. */
const LATE = demoNames.filter((name) => /^1f95[0-5]\.webp$/.test(name));

const named = readableNames();
const QUERY = 'photographs/boats in nagasaki.jpg';
/** A boat in another picture. */
const PART = 'photographs/black canyon.jpg';
const PART_CROP = '&crop=0.08,0.55,0.36,0.4';

/** Drawings that are there a second time. */
const COPIES = { penguin: '1f427.webp', lemon: '1f34b.webp', fox: '1f98a.webp', rocket: '1f680.webp' };

interface Shot {
  readonly name: string;
  readonly path: string;
  readonly options?: BrowserContextOptions;
  readonly arrive?: (page: Page, files: PictureFolder) => Promise<void>;
}

const search = (key: string, more = '') => `#/search?key=${encodeURIComponent(key)}${more}`;

const SHOTS: readonly Shot[] = [
  { name: 'search', path: search(QUERY) },
  { name: 'search-dark', path: search(QUERY), options: { colorScheme: 'dark' } },
  {
    name: 'library',
    path: '#/library',
    arrive: (page) => page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight / 3)),
  },
  { name: 'picture', path: `#/picture?key=${encodeURIComponent(QUERY)}` },
  { name: 'duplicates', path: '#/duplicates' },
  { name: 'viewer', path: `#/library?order=name&show=${encodeURIComponent(QUERY)}` },
  {
    name: 'map',
    path: '#/map',
    arrive: (page) => page.locator('.map-frame[data-done]').waitFor(),
  },
  {
    name: 'selection',
    path: '#/library?order=name',
    async arrive(page) {
      const tiles = page.locator('.tile-tick');
      for (const at of [1, 2, 4, 7]) await tiles.nth(at).click({ force: true });
    },
  },
  { name: 'status', path: '#/status' },
  { name: 'phone', path: search(QUERY), options: { ...PHONE, colorScheme: 'dark' } },
  { name: 'part', path: search(PART, PART_CROP) },
  {
    name: 'uploads',
    path: '#/library',
    async arrive(page, files) {
      const broken = await files.write('scan-12.png', 'this is no picture');
      await drop(page, [...LATE.map(demoPath), broken], 'Add to the library');
      await page.locator('.tray-reason').first().waitFor({ timeout: 60_000 });
    },
  },
];

describe.runIf(process.env.LIKENESS_SCREENSHOTS)('screenshots', () => {
  let browser: Browser;
  let server: RealServer;
  let files: PictureFolder;

  beforeAll(async () => {
    [browser, server, files] = await Promise.all([launch(), startRealServer(), pictureFolder()]);
    await mkdir(FOLDER, { recursive: true });
    const { page, close } = await visit(browser, server.url, '#/');
    await photograph(page, 'empty');
    for (const folder of ['people', 'things', 'backup']) await mkdir(`${server.folder}/${folder}`);
    for (const name of DRAWINGS) {
      const folder = PEOPLE.test(name) ? 'people' : 'things';
      await copyFile(demoPath(name), `${server.folder}/${folder}/${named(name)}`);
    }
    for (const [name, drawing] of Object.entries(COPIES)) {
      await copyFile(await files.smaller(drawing, `${name}.jpg`), `${server.folder}/backup/${name}.jpg`);
    }
    const photographs = await demoPhotographs();
    await addPictures(photographs, async (key) => join(server.folder, key));
    const total = DRAWINGS.length + Object.keys(COPIES).length + photographs.size;
    await page.getByText(`All ${total}`).waitFor({ timeout: 600_000 });
    await close();
  }, 700_000);

  afterAll(async () => {
    await browser?.close();
    await Promise.all([server?.close(), files?.remove()]);
  });

  it.each(SHOTS)('$name', async ({ name, path, options, arrive }) => {
    const { page, close } = await visit(browser, server.url, path, { reducedMotion: 'reduce', ...options });
    await page.waitForLoadState('networkidle');
    // Times that the page shows are those of a server that has searched before.
    await page.reload();
    await page.waitForLoadState('networkidle');
    await arrive?.(page, files);
    await page.waitForLoadState('networkidle');
    await photograph(page, name);
    await close();
  });

  it('ten seconds: a picture is dropped, then a part of it is searched by', async () => {
    const { page, close } = await visit(browser, server.url, '#/library?prefix=photographs/', {
      viewport: { width: 960, height: 600 },
    });
    await settled(page);
    const film: Buffer[] = [];
    const shoot = async (frames: number) => {
      for (let n = 0; n < frames; n += 1) film.push(await page.screenshot());
    };
    const dropped = fileURLToPath(new URL('../../local/demo/black canyon.jpg', import.meta.url));
    await shoot(6);
    await drop(page, [dropped], 'Search with it', { hovering: () => shoot(6) });
    await settled(page);
    await shoot(14);
    await page.goto(`${page.url()}${PART_CROP}`);
    await settled(page);
    await shoot(14);
    await close();
    const path = `${FOLDER}/ten-seconds.webp`;
    await sharp(film, { join: { animated: true } })
      .webp({ delay: film.map(() => FRAME_MS), loop: 0, quality: 60, effort: 4 })
      .toFile(path);
    expect((await stat(path)).size).toBeLessThan(3 * MAX_BYTES);
  }, 120_000);

  async function photograph(page: Page, name: string): Promise<void> {
    const path = `${FOLDER}/${name}.png`;
    await page.mouse.move(0, 0);
    await settled(page);
    // A palette is enough for a manual, and a third of the bytes.
    await sharp(await page.screenshot())
      .png({ palette: true, quality: 90, effort: 10 })
      .toFile(path);
    expect((await stat(path)).size).toBeLessThan(MAX_BYTES);
  }
});
