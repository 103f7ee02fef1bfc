/** Uploads: what the tray says of them, how they are stopped, where they go, and what is written to them. */

import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { gate } from '../factories/live-index.ts';
import { drop, fakedConsole, SOON } from './browser.ts';
import { demoNames, demoPath } from './demo-pictures.ts';

const NEW = demoNames.slice(200, 206);

describe('uploads', () => {
  const faked = fakedConsole({ pictures: [{ key: 'holiday/sea/there.webp' }] });
  const { open } = faked;
  const there = () => faked.api.state.pictures.map(({ key }) => key);
  const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true });
  const bar = (page: Page) => page.getByRole('progressbar', { name: 'All uploads' });

  /** Has what is sent wait until the promise resolves. */
  const holdUploads = (page: Page, until: Promise<void>) =>
    page.route('**/uploads/**', async (route) => {
      if (route.request().method() === 'PUT') await until;
      await route.continue().catch(() => {});
    });

  it('end in a way to see what was added', async () => {
    const page = await open('#/library');
    await drop(page, NEW.slice(0, 3).map(demoPath), 'Add to the library');
    await heading(page, '3 pictures added').waitFor();
    await page.getByRole('link', { name: 'Show them' }).click();
    await page.getByText('4 pictures').waitFor();
    for (const key of NEW.slice(0, 3)) await page.getByRole('link', { name: key, exact: true }).waitFor();
  });

  it('are stopped one by one, or all that have not arrived', async () => {
    const page = await open('#/library');
    const held = gate();
    await holdUploads(page, held.opened);
    await drop(page, NEW.map(demoPath), 'Add to the library');
    await heading(page, 'Adding 6 pictures').waitFor();
    await page.getByRole('button', { name: `Stop ${NEW[0]}` }).click();
    await page.getByText('1 stopped').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await heading(page, '6 files not added').waitFor();
    held.open();
    // Whatever was held has reached the server, or never will.
    await page.unrouteAll({ behavior: 'wait' });
    expect(await bar(page).count()).toBe(0);
    expect(there()).toEqual(['holiday/sea/there.webp']);
  });

  it('show no full bar when they fail', async () => {
    const refuse = [{ text: NEW[0]!, how: 'store-fails' as const, reason: 'The disk is busy.' }];
    const page = await open('#/library', { refuse });
    await drop(page, [demoPath(NEW[0]!)], 'Add to the library');
    await page.getByText('The disk is busy.').waitFor();
    expect(await bar(page).count()).toBe(0);
    expect(await page.locator('.tray-list progress').count()).toBe(0);
  });

  it('go into a folder of the library, with metadata', async () => {
    const page = await open('#/library');
    await page.getByRole('button', { name: 'Add pictures' }).click();
    const dialog = page.getByRole('dialog', { name: 'Add pictures' });
    await expect
      .poll(
        () =>
          dialog
            .locator('datalist option')
            .evaluateAll((all) => all.map((each) => each.getAttribute('value'))),
        SOON,
      )
      .toContain('holiday/');
    await dialog.getByLabel('Folder in the library').fill('holiday/hills');
    await dialog.getByLabel('Metadata').fill('no value');
    await dialog.getByText('"no value" is not name = value').waitFor();
    await dialog.getByLabel('Metadata').fill('album = holiday, Rating=5');
    const asked = page.waitForEvent('filechooser');
    await dialog.getByRole('button', { name: 'Choose pictures' }).click();
    await (await asked).setFiles(NEW.slice(0, 2).map(demoPath));
    await heading(page, '2 pictures added').waitFor();
    // Sent side by side: either may be there first.
    const added = faked.api.state.pictures.slice(1).sort((one, other) => (one.key < other.key ? -1 : 1));
    expect(added).toEqual(
      NEW.slice(0, 2).map((name) => ({
        key: `holiday/hills/${name}`,
        metadata: { album: 'holiday', rating: '5' },
      })),
    );
  });
});
