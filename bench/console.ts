/**
 * `npm run bench:console`: the console in a real browser over a library of 100,000 pictures: when the first thumbnails are
 * there, how long the page is busy at a time while someone scrolls, how the heap grows, and how fast the map is.
 *
 *     npm run bench:console
 *     npm run bench:console -- --json --quick
 */

import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { launch, visit } from '../test/browser/browser.ts';
import { chromiumPath } from '../test/browser/chromium.ts';
import { startFakeApi } from '../test/browser/fake-api.ts';

const { values } = parseArgs({ options: { json: { type: 'boolean' }, quick: { type: 'boolean' } } });
const PICTURES = values.quick ? 20_000 : 100_000;
const ON_MAP = values.quick ? 2_000 : 20_000;
const SCROLLS = values.quick ? 20 : 400;
const PIXELS_A_SCROLL = 900;

/** Milliseconds between sixty frames. A text: a function's inner names would not be known to the page. */
const FRAMES = `new Promise((resolve) => {
  const times = [];
  let before = performance.now();
  requestAnimationFrame(function frame(now) {
    times.push(now - before);
    before = now;
    if (times.length < 60) requestAnimationFrame(frame);
    else resolve(times.slice(1));
  });
})`;

interface Figures {
  readonly pictures: number;
  readonly onMap: number;
  /** From the request for the page to the first screen full of thumbnails. */
  readonly firstThumbnailsMs: number;
  /** The longest time that the page did not answer while it was scrolled; 0 when none was over 50 ms. */
  readonly longestTaskMs: number;
  readonly longTasks: number;
  readonly scrolledPixels: number;
  readonly heapBeforeMb: number;
  readonly heapAfterMb: number;
  readonly mapLaidOutMs: number;
  /** Between two frames while the map is moved, the median and the longest. */
  readonly mapFrameMs: number;
  readonly mapLongestFrameMs: number;
}

if (!chromiumPath()) {
  // Where there is no browser there is nothing to measure; a machine for benches has one.
  console.log(values.json ? JSON.stringify({ skipped: 'no Chromium on this machine' }) : 'No Chromium here.');
} else {
  spawnSync('npx', ['vite', 'build', '--config', 'console/vite.config.ts', '--logLevel', 'error'], {
    stdio: 'inherit',
  });
  const figures = await measure();
  console.log(values.json ? JSON.stringify(figures) : figures);
}

async function measure(): Promise<Figures> {
  const keyOf = (n: number) =>
    `roll-${String(Math.floor(n / 1_000)).padStart(3, '0')}/${String(n).padStart(6, '0')}.webp`;
  const pictures = Array.from({ length: PICTURES }, (_, n) => ({ key: keyOf(n) }));
  const [api, browser] = await Promise.all([startFakeApi({ pictures }), launch()]);
  try {
    const { page, close } = await visit(browser, api.url, '#/library');
    await page.locator('.thumbnail[data-loaded]').nth(20).waitFor();
    // The page's own clock begins when it is asked for; starting the browser is not the console's time.
    const firstThumbnailsMs = await page.evaluate(() => performance.now());
    const scrolled = await scroll(page);
    await close();
    api.state.pictures = pictures.slice(0, ON_MAP);
    return {
      pictures: PICTURES,
      onMap: ON_MAP,
      firstThumbnailsMs: Math.round(firstThumbnailsMs),
      ...scrolled,
      ...(await map()),
    };
  } finally {
    await browser.close();
    await api.close();
  }

  async function map() {
    const started = performance.now();
    const { page, close } = await visit(browser, api.url, '#/map');
    await page.locator('.map-frame[data-done]').waitFor({ timeout: 120_000 });
    const mapLaidOutMs = Math.round(performance.now() - started);
    const frames = page.evaluate<number[]>(FRAMES);
    await page.mouse.move(500, 400);
    await page.mouse.down();
    for (let step = 0; step < 60; step += 1) await page.mouse.move(500 + step * 3, 400 + step);
    await page.mouse.up();
    const sorted = (await frames).sort((a, b) => a - b);
    await close();
    return {
      mapLaidOutMs,
      mapFrameMs: Math.round(sorted[Math.floor(sorted.length / 2)]!),
      mapLongestFrameMs: Math.round(sorted.at(-1)!),
    };
  }
}

/** Down through the library by the wheel, as a person does. */
async function scroll(page: Page) {
  const session = await page.context().newCDPSession(page);
  const heap = async () => {
    await session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    return Math.round(usedSize / 1e5) / 10;
  };
  const heapBeforeMb = await heap();
  // From here on: collecting all garbage at once is a long task of the measurement's own.
  await page.evaluate(() => {
    const tasks: number[] = [];
    new PerformanceObserver((list) =>
      tasks.push(...list.getEntries().map(({ duration }) => duration)),
    ).observe({
      entryTypes: ['longtask'],
    });
    Object.assign(globalThis, { longTasks: tasks });
  });
  await page.mouse.move(700, 500);
  for (let n = 0; n < SCROLLS; n += 1) await page.mouse.wheel(0, PIXELS_A_SCROLL);
  const tasks = await page.evaluate(() => (globalThis as unknown as { longTasks: number[] }).longTasks);
  return {
    longestTaskMs: Math.round(Math.max(0, ...tasks)),
    longTasks: tasks.length,
    scrolledPixels: await page.evaluate(() => Math.round(scrollY)),
    heapBeforeMb,
    heapAfterMb: await heap(),
  };
}
