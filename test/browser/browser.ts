/** One Chromium for a file of tests, and pages that notice what they should not do. */

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { chromiumPath } from './chromium.ts';
import { type FakeApi, type FakeState, startFakeApi } from './fake-api.ts';

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A browser with a profile of its own, which goes with it. */
export const launch = (): Promise<Browser> =>
  chromium.launch({ executablePath: chromiumPath()!, headless: true, args: ARGUMENTS });

/** A phone, as far as the page can tell. */
export const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
};

export interface Visit {
  readonly page: Page;
  /** Fails when the page asked another server for something, threw an error, or broke its content security policy. */
  assertClean(): void;
  close(): Promise<void>;
}

/** Opens a page of the console in a fresh profile. `path` begins with the hash: `#/library`. */
export async function visit(
  browser: Browser,
  url: string,
  path = '',
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('request', (request) => {
    const address = request.url();
    if (/^https?:/.test(address) && !address.startsWith(`${url}/`)) faults.push(`asked for ${address}`);
  });
  page.on('pageerror', (error) => faults.push(`threw ${error.stack ?? error.message}`));
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) faults.push(message.text());
  });
  await page.goto(`${url}/${path}`);
  await page.locator('main h1').waitFor({ state: 'attached' });
  // The page listens once it has been painted.
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))));
  return {
    page,
    assertClean() {
      if (faults.length > 0) throw new Error(`the page misbehaved:\n${faults.join('\n')}`);
    },
    close: () => context.close(),
  };
}

/** What a busy machine may take for one answer. */
export const SOON = { timeout: 15_000 };

export interface FakedConsole {
  /** The API of the running test. */
  readonly api: FakeApi;
  /** Begins the test: an API in this state and a page of the console over it. */
  open(path: string, state?: Partial<FakeState>, options?: BrowserContextOptions): Promise<Page>;
}

/** One browser for the tests around, and for each a console over an API of its own, closed at its end and held to be clean. */
export function fakedConsole(initial: Partial<FakeState>): FakedConsole {
  let browser: Browser;
  let api: FakeApi | undefined;
  let seen: Visit | undefined;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    const [page, server] = [seen, api];
    seen = api = undefined;
    await page?.close();
    await server?.close();
    page?.assertClean();
  });
  return {
    get api() {
      return api!;
    },
    async open(path, state = {}, options = {}) {
      api = await startFakeApi({ ...structuredClone(initial), ...state });
      seen = await visit(browser, api.url, path, options);
      return seen.page;
    },
  };
}

/**
 * Drags files or folders from the desktop over the page and lets go of them on the zone of that title, by the browser's
 * own input events.
 *
 * @param options.hovering called while they are over the zone
 */
export async function drop(
  page: Page,
  paths: readonly string[],
  zone: string,
  { hovering }: { hovering?: () => Promise<unknown> } = {},
): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [...paths], dragOperationsMask: 1 };
  const { width, height } = page.viewportSize()!;
  const drag = (type: 'dragEnter' | 'dragOver' | 'drop', x: number, y: number) =>
    session.send('Input.dispatchDragEvent', { type, x, y, data });
  await drag('dragEnter', width / 2, height / 2);
  await drag('dragOver', width / 2, height / 2);
  const box = await page.locator('.drop-zone', { hasText: zone }).boundingBox();
  if (!box) throw new Error(`there is no zone "${zone}" to drop on`);
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await drag('dragOver', x, y);
  await hovering?.();
  await drag('drop', x, y);
  await session.detach();
}

/** What was asked for is there, pictures in view included, and nothing fades in any more. */
export async function settled(page: Page): Promise<void> {
  await page.waitForFunction(
    () =>
      !document.querySelector('.waiting') &&
      document
        .getAnimations()
        .every(
          ({ playState, effect }) => playState === 'finished' || effect?.getTiming().iterations === Infinity,
        ) &&
      [...document.querySelectorAll('.thumbnail:not([data-loaded]):has(img)')].every((thumbnail) => {
        const { top, bottom } = thumbnail.getBoundingClientRect();
        return bottom < 0 || top > innerHeight;
      }),
  );
}

let axe: Promise<string> | undefined;

/** What axe-core finds wrong with the page as it is now, best practices included; or only by some of its rules. */
export async function accessibilityFaults(page: Page, rules?: readonly string[]): Promise<string[]> {
  axe ??= readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  // Evaluated by the debugger: the page's own policy would not let the script in.
  if (!(await page.evaluate('"axe" in globalThis'))) await page.evaluate(await axe);
  const violations = await page.evaluate(async (only) => {
    const { axe } = globalThis as unknown as { axe: Axe };
    return (await axe.run(only ? { runOnly: [...only] } : {})).violations;
  }, rules);
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${help}\n${html}\n${failureSummary ?? ''}`),
  );
}

/** As much of axe-core as is used. */
interface Axe {
  run(options: { runOnly?: string[] }): Promise<{
    violations: { id: string; help: string; nodes: { html: string; failureSummary?: string }[] }[];
  }>;
}
