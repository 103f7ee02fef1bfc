/** The duplicates workbench: what is kept and why, ticks, folders, keys, deleting it all at once, and taking it back. */

import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { gate } from '../factories/live-index.ts';
import { fakedConsole, SOON } from './browser.ts';

const PICTURES = [
  { key: 'a/one.webp', size: 9_000 },
  { key: 'b/one copy.webp', size: 2_000 },
  {
    key: 'c/one small.webp',
    size: 1_000,
    facts: { width: 6_000, height: 4_000, taken: '2019-08-02T12:30:00' },
  },
  { key: 'a/two.webp', size: 9_000 },
  { key: 'b/two copy.webp', size: 500_000 },
];
const KEYS = PICTURES.map(({ key }) => key);

describe('the duplicates workbench', () => {
  const faked = fakedConsole({ pictures: PICTURES, duplicates: [KEYS.slice(0, 3), KEYS.slice(3)] });
  let page: Page;

  async function open() {
    page = await faked.open('#/duplicates');
    await groups().first().waitFor();
  }
  const groups = () => page.locator('.groups > li');
  const bar = () => page.getByRole('region', { name: 'Chosen duplicates' }).locator('strong').textContent();
  const box = (key: string) => page.getByRole('checkbox', { name: `Delete ${key}` });

  it('says how many pictures are read before they are compared', async () => {
    page = await faked.open('#/duplicates', { unread: 2, delayMs: 50 });
    await page.getByText('Read 3 of 5 pictures').waitFor();
    faked.api.state.unread = 0;
    await groups().first().waitFor();
  });

  it('keeps the best of each with its reason, and begins with what frees the most', async () => {
    await open();
    await groups().first().getByText('two copy.webp').waitFor();
    await groups().last().getByText('Keep: 6000 x 4000').waitFor();
    expect(await box(KEYS[0]!).isDisabled()).toBe(true);
    expect(await box(KEYS[1]!).isChecked()).toBe(true);
    await expect.poll(bar, SOON).toBe('2 groups, 3 pictures, 503 KB');
  });

  it('takes other choices: a tick, another keeper, none at all; and keeps them over "back"', async () => {
    await open();
    await box(KEYS[2]!).uncheck();
    await expect.poll(bar, SOON).toBe('2 groups, 2 pictures, 502 KB');
    await page.getByRole('button', { name: `Keep this: ${KEYS[4]}` }).click();
    await expect.poll(bar, SOON).toBe('2 groups, 2 pictures, 11 KB');
    await page.getByRole('link', { name: 'Status' }).click();
    await page.goBack();
    await groups().first().waitFor();
    await expect.poll(bar, SOON).toBe('2 groups, 2 pictures, 11 KB');
    await page.getByText('Choose').click();
    await page.getByRole('button', { name: 'Keep the oldest of each' }).click();
    const asked = () => faked.api.requests.filter((each) => each.includes('/v1/duplicates?')).at(-1);
    await expect.poll(asked, SOON).toContain('keep=oldest');
    // What was ticked went by other groups.
    await expect.poll(bar, SOON).toBe('2 groups, 3 pictures, 503 KB');
    await page.getByText('Choose').click();
    await page.getByRole('button', { name: 'Delete nothing' }).click();
    await expect.poll(bar, SOON).toBe('0 groups, 0 pictures, 0 bytes');
  });

  it('deletes all that is chosen, shows beside it what stays, and takes it back', async () => {
    await open();
    await page.getByRole('button', { name: 'Delete 3' }).click();
    const question = page.getByRole('dialog', { name: 'Delete 3 pictures?' });
    await expect.poll(() => question.getByText('stays:').count(), SOON).toBe(3);
    expect(await question.getByText('6000 × 4000, Aug 2, 2019').count()).toBe(1);
    await question.getByRole('button', { name: 'Delete 3 pictures' }).click();
    await page.getByRole('heading', { name: 'No duplicates' }).waitFor();
    await expect.poll(() => faked.api.state.pictures.map(({ key }) => key), SOON).toEqual([KEYS[0], KEYS[3]]);
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(() => groups().count(), SOON).toBe(2);
  });

  it('says that a deletion is final where nothing is kept, and offers nothing back', async () => {
    await open();
    faked.api.state.keepsDeleted = false;
    await page.getByRole('button', { name: 'Delete 3' }).click();
    const question = page.getByRole('dialog', { name: 'Delete 3 pictures?' });
    await question.getByText('This cannot be undone here.').waitFor();
    await question.getByRole('button', { name: 'Delete 3 pictures' }).click();
    await page.getByText('3 pictures deleted').first().waitFor();
    expect(await page.getByRole('button', { name: 'Undo' }).count()).toBe(0);
  });

  it('deletes nothing that has changed since it was compared, and says so', async () => {
    await open();
    await page.getByRole('button', { name: 'Delete 3' }).click();
    const question = page.getByRole('dialog', { name: 'Delete 3 pictures?' });
    const change = (key: string) => {
      const at = faked.api.state.pictures.findIndex((each) => each.key === key);
      faked.api.state.pictures[at] = { key, size: 77 };
    };
    // Of the group of three one that was to go, of the group of two the one that was to stay.
    change(KEYS[1]!);
    change(KEYS[3]!);
    await question.getByRole('button', { name: 'Delete 3 pictures' }).click();
    await page.getByText('1 of 3 pictures deleted; 2 pictures left alone').first().waitFor();
    expect(faked.api.state.pictures.map(({ key }) => key)).toEqual(KEYS.filter((key) => key !== KEYS[2]));
  });

  it('forgets what are no duplicates, until that is taken back', async () => {
    await open();
    await groups().first().getByRole('button', { name: 'Not duplicates' }).click();
    await expect.poll(() => groups().count(), SOON).toBe(1);
    expect(faked.api.state.notDuplicates).toEqual([[...KEYS.slice(3)].sort()]);
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(() => groups().count(), SOON).toBe(2);
  });

  it('deletes nothing from a folder that is protected', async () => {
    await open();
    await groups().last().getByText('Folders').click();
    await page.getByRole('button', { name: 'Never delete from b/' }).click();
    await expect.poll(() => box(KEYS[1]!).isDisabled(), SOON).toBe(true);
    await expect.poll(bar, SOON).toBe('1 group, 1 picture, 1.0 KB');
    await page.getByRole('button', { name: 'Protect b/ no more' }).click();
    await expect.poll(bar, SOON).toBe('2 groups, 3 pictures, 503 KB');
  });

  it('ticks nothing of what is only probably the same; someone who looked may', async () => {
    await open();
    await page.getByLabel('Show', { exact: true }).selectOption('Probably the same');
    await page.getByRole('heading', { name: 'Probably the same' }).first().waitFor();
    await expect.poll(bar, SOON).toBe('0 groups, 0 pictures, 0 bytes');
    await page.getByRole('button', { name: 'Keep this: b/one copy.webp' }).click();
    await page.getByRole('button', { name: 'Show b/one copy.webp, Keep' }).waitFor();
    expect(await bar()).toBe('0 groups, 0 pictures, 0 bytes');
    await box('c/one small.webp').check();
    await expect.poll(bar, SOON).toBe('1 group, 1 picture, 1.0 KB');
  });

  it('does not tick a picture that shows more than the one that is kept, and says so', async () => {
    page = await faked.open('#/duplicates', { finer: ['b/one copy.webp'] });
    await groups().first().waitFor();
    const finer = page.getByRole('button', { name: 'Show b/one copy.webp, Larger than the one kept' });
    await finer.waitFor();
    expect(await box('b/one copy.webp').isChecked()).toBe(false);
    expect(await box('c/one small.webp').isChecked()).toBe(true);
    await expect.poll(bar, SOON).toBe('2 groups, 2 pictures, 501 KB');
    // Each shows something that the other one does not: whoever keeps the finer one looks, and ticks.
    await page.getByRole('button', { name: 'Keep this: b/one copy.webp' }).click();
    await page.getByRole('button', { name: 'Show b/one copy.webp, Keep' }).waitFor();
    expect(await box(KEYS[0]!).isChecked()).toBe(false);
    await expect.poll(bar, SOON).toBe('1 group, 1 picture, 500 KB');
  });

  it('keeps from a preferred folder first, until that is taken back', async () => {
    await open();
    const group = groups().filter({ hasText: 'one small.webp' });
    const kept = () => group.locator('[data-member]').first().getAttribute('data-key');
    await expect.poll(kept, SOON).toBe(KEYS[0]);
    await group.getByText('Folders').click();
    await page.getByRole('button', { name: 'Keep from b/ first' }).click();
    await expect.poll(kept, SOON).toBe(KEYS[1]);
    expect(faked.api.state.preferred).toEqual(['b/']);
    await page.getByRole('button', { name: 'Keep from b/ first no more' }).click();
    await expect.poll(kept, SOON).toBe(KEYS[0]);
  });

  it('is worked by keys', async () => {
    await open();
    await page.getByRole('button', { name: `Show ${KEYS[3]}` }).focus();
    const focused = () => page.evaluate(() => (document.activeElement as HTMLElement).dataset.key);
    await page.keyboard.press('ArrowRight');
    await expect.poll(focused, SOON).toBe(KEYS[4]);
    await page.keyboard.press(' ');
    await expect.poll(() => box(KEYS[4]!).isChecked(), SOON).toBe(false);
    await page.keyboard.press('ArrowDown');
    await expect.poll(focused, SOON).toBe(KEYS[0]);
    await page.keyboard.press('ArrowRight');
    await expect.poll(focused, SOON).toBe(KEYS[1]);
    await page.keyboard.press('k');
    await expect.poll(() => box(KEYS[0]!).isChecked(), SOON).toBe(true);
    await page.keyboard.press('c');
    await page.getByRole('dialog', { name: 'Side by side' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: `Show ${KEYS[0]}` }).focus();
    await page.keyboard.press('Delete');
    // The third was held against the first, which goes, and not against the one that stays.
    expect(await box(KEYS[2]!).isChecked()).toBe(false);
    await page.getByRole('dialog', { name: 'Delete this picture?' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: `Show ${KEYS[0]}` }).press('n');
    await expect.poll(() => groups().count(), SOON).toBe(1);
  });

  it('is where it was after "back", and compares nothing again before that is shown', async () => {
    const pairs = Array.from({ length: 120 }, (_, n) => [`a/${n}.webp`, `b/${n}.webp`]);
    page = await faked.open('#/duplicates', {
      duplicates: pairs,
      pictures: pairs.flat().map((key, n) => ({ key, size: 100_000 - n })),
    });
    await expect
      .poll(async () => {
        await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
        return groups().count();
      }, SOON)
      .toBe(120);
    await groups().nth(100).scrollIntoViewIfNeeded();
    const top = await page.evaluate(() => scrollY);
    await expect.poll(() => page.evaluate(() => history.state?.scrollY), SOON).toBeCloseTo(top, -1);
    await page.getByRole('link', { name: 'Status' }).click();
    await page.getByRole('heading', { name: 'Status' }).waitFor();
    // What is shown must be what was known: nothing new comes.
    await page.route('**/v1/duplicates?*', () => {});
    await page.goBack();
    await expect.poll(() => page.evaluate(() => scrollY), SOON).toBeCloseTo(top, -1);
    await expect.poll(bar, SOON).toContain('120 groups, 120 pictures');
  });

  it('follows the library', async () => {
    await open();
    faked.api.state.duplicates.push(['x/1.webp', 'x/2.webp']);
    faked.api.state.pictures.push({ key: 'x/1.webp', size: 1 }, { key: 'x/2.webp', size: 1 });
    await page.evaluate(() => dispatchEvent(new Event('focus')));
    await expect.poll(() => groups().count(), SOON).toBe(3);
  });
});

describe('a deletion that somebody stops', () => {
  const many = Array.from({ length: 10 }, (_, i) => ({ key: `${i}.webp`, size: 1_000 + i }));
  const faked = fakedConsole({ pictures: many, duplicates: [many.map(({ key }) => key)] });

  it.each(['Stop', 'Close', 'Escape'])('ends at once by %s, and says what was done', async (way) => {
    const page = await faked.open('#/duplicates');
    const { open, opened } = gate();
    let asked = 0;
    await page.route('**/v1/images/**', async (route) => {
      if (route.request().method() === 'DELETE' && ++asked > 2) await opened;
      await route.continue();
    });
    await page.getByRole('button', { name: 'Delete 9' }).click();
    const question = page.getByRole('dialog');
    await question.getByRole('button', { name: 'Delete 9 pictures' }).click();
    await question.getByRole('button', { name: '2 of 9 deleted' }).waitFor();
    if (way === 'Escape') await page.keyboard.press('Escape');
    else await question.getByRole('button', { name: way }).click();
    open();
    // Four had been asked for before.
    await page.getByText('6 of 9 pictures deleted').first().waitFor();
    expect(asked).toBe(6);
    expect(faked.api.state.pictures).toHaveLength(4);
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(() => faked.api.state.pictures.length, SOON).toBe(10);
  });
});
