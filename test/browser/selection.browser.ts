/** Several pictures at once: how they are ticked, and all that is done with them. */

import { readFile } from 'node:fs/promises';
import { unzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { fakedConsole, PHONE, SOON } from './browser.ts';
import {
  FIRST,
  focusedKey,
  holdTheRest,
  PICTURES,
  SECOND,
  selectedCount,
  THIRD,
  tile,
} from './library-page.ts';

describe('selecting pictures', () => {
  const faked = fakedConsole({ pictures: PICTURES });
  const { open } = faked;

  it('selects by tick, by range, and all of it, and takes the ticks away', async () => {
    const page = await open('#/library');
    await tile(page, FIRST).hover();
    await page.getByRole('button', { name: `Select ${FIRST}` }).click();
    await expect.poll(() => selectedCount(page), SOON).toBe('1 picture');
    await tile(page, PICTURES[4]!.key).click({ modifiers: ['Shift'] });
    await expect.poll(() => selectedCount(page), SOON).toBe('5 pictures');
    await page.keyboard.press('Control+a');
    await expect.poll(() => selectedCount(page), SOON).toBe('30 pictures');
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
    expect(await selectedCount(page)).toBe('1 picture');
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
    const transforms = () =>
      dialog
        .locator('.zoomable img')
        .evaluateAll((all) => all.map((each) => (each as HTMLElement).style.transform));
    const enlarged = expect.stringContaining('scale(1.5)');
    await expect.poll(transforms, SOON).toEqual([enlarged, enlarged]);
    const [one, other] = await transforms();
    expect(one).toBe(other);
    await page.keyboard.press('b');
    await expect.poll(() => dialog.locator('li[hidden]').count(), SOON).toBe(1);
  });

  it('searches by all that is selected, by one result as well, and away from another', async () => {
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
    await page.getByRole('list', { name: 'Results' }).getByRole('listitem').first().hover();
    await page.getByRole('button', { name: `More like ${THIRD}` }).click();
    await page.getByRole('heading', { name: 'Like picture 00.webp and 2 others' }).waitFor();
  });

  it('copies the keys of what is selected', async () => {
    const page = await open('#/library', {}, { permissions: ['clipboard-read', 'clipboard-write'] });
    for (const key of [FIRST, SECOND]) await tile(page, key).click({ modifiers: ['Control'] });
    await page.getByText('Export').click();
    await page.getByRole('button', { name: 'Copy keys' }).click();
    await page.getByText('2 keys copied').first().waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(`${FIRST}\n${SECOND}`);
  });

  it('leaves the focus beside what was deleted', async () => {
    const page = await open('#/library');
    for (const key of [FIRST, SECOND]) await tile(page, key).click({ modifiers: ['Control'] });
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('button', { name: 'Delete 2 pictures' }).click();
    await tile(page, FIRST).waitFor({ state: 'detached' });
    await expect.poll(() => focusedKey(page), SOON).toBe(THIRD);
  });

  it('selects nothing of a list that was left while the rest of it was read', async () => {
    const pictures = Array.from({ length: 900 }, (_, n) => ({
      key: `${n < 800 ? 'many' : 'few'}/${n}.webp`,
    }));
    const page = await open('#/library?prefix=many/', { pictures });
    await tile(page, 'many/0.webp').waitFor();
    const release = await holdTheRest(page);
    const rest = page.waitForResponse('**/v1/images?*cursor=*');
    await page.keyboard.press('Control+a');
    await page.getByRole('navigation', { name: 'Folders' }).getByRole('link', { name: 'few' }).click();
    await tile(page, 'few/800.webp').waitFor();
    release();
    await (await rest).finished();
    await page.keyboard.press('Control+a');
    await expect.poll(() => selectedCount(page), SOON).toBe('100 pictures');
  });
});
