/** What the page says when there is nothing, when the server fails, waits or refuses, and how it comes out of that. */

import { describe, expect, it } from 'vitest';
import { drop, fakedConsole, SOON } from './browser.ts';
import { demoNames, demoPath } from './demo-pictures.ts';

const PICTURES = demoNames.slice(0, 40).map((name, n) => ({
  key: n % 2 ? `faces/${name}` : name,
  metadata: n % 4 === 0 ? { album: 'holiday' } : {},
}));

describe('states of the console', () => {
  const faked = fakedConsole({ pictures: PICTURES });
  const { open } = faked;

  it('offers the demo pictures to an empty library, and shows them', async () => {
    const page = await open('#/', {
      pictures: [],
      config: { thumbnails: '/thumbnails/{key}', demo: '/demo' },
    });
    await page.getByRole('button', { name: 'Try the demo pictures' }).click();
    await page.getByRole('heading', { name: 'Your pictures are being indexed' }).waitFor();
    faked.api.state.pictures = PICTURES.slice(0, 12);
    await page.getByText('All 12').waitFor();
    faked.api.state.waiting = 0;
    await expect.poll(() => page.getByText('12 to index').count(), SOON).toBe(0);
  });

  it('says under Status where searches look, how good that is, and how far a backfill is', async () => {
    const recall = {
      k: 10,
      value: 0.934,
      low: 0.867,
      high: 0.969,
      queries: 100,
      rows: 20_000,
      projected: 20_000,
    };
    const page = await open('#/status', {
      engine: {
        engine: 's3-vectors',
        exact: false,
        recall: { ...recall, at: new Date(Date.now() - 3 * 3_600_000).toISOString() },
        backfill: {
          state: 'running',
          startedAt: new Date().toISOString(),
          compared: 9_000,
          failed: 0,
          listed: 12_000,
        },
      },
    });
    await page.getByText('Amazon S3 Vectors, approximately').waitFor();
    await page.getByText('93.4 % of the 10 nearest (86.7 % to 96.9 %), measured 3 hours ago').waitFor();
    await page.getByText('running, 9,000 of 12,000 objects compared').waitFor();
  });

  it('says under Status what keeps a server from all it should do, until that is over', async () => {
    const message = '/mnt/photos is not there; nothing is forgotten';
    const page = await open('#/status', { reasons: [{ code: 'folder-away', message }] });
    await page.getByText(message).waitFor();
    faked.api.state.reasons = [];
    await page.getByText(message).waitFor({ state: 'detached', timeout: 30_000 });
  });

  it('asks less and less often for figures under Status that do not change', async () => {
    const page = await open('#/');
    await page.getByText('All 40').waitFor();
    await page.clock.install();
    await page.getByRole('link', { name: 'Status' }).click();
    await page.getByRole('heading', { name: 'Status' }).waitFor();
    const asked = () => faked.api.requests.filter((each) => each.includes('/v1/stats')).length;
    const before = asked();
    const pass = async (seconds: number) => {
      for (let at = 0; at < seconds; at += 3) {
        await page.clock.runFor(3_000);
        // A round trip, so that the answer to what was asked for is there.
        await page.evaluate(() => fetch('/config.json').then((answer) => answer.text()));
      }
    };
    await pass(120);
    const calm = asked() - before;
    expect(calm).toBeGreaterThanOrEqual(3);
    expect(calm).toBeLessThanOrEqual(10);
    faked.api.state.waiting = 5;
    await pass(60);
    const woken = asked();
    await pass(30);
    expect(asked() - woken).toBeGreaterThanOrEqual(5);
  });

  it('offers no demo where the server has none', async () => {
    const page = await open('#/library', { pictures: [] });
    await page.getByRole('heading', { name: 'Your library is empty' }).waitFor();
    expect(await page.getByRole('button', { name: 'Try the demo pictures' }).count()).toBe(0);
  });

  for (const view of ['', 'library', 'duplicates', 'status', `search?key=${demoNames[0]}`]) {
    it(`says at #/${view} that the server does not answer, and recovers by itself`, async () => {
      const page = await open(`#/${view}`, { down: true });
      const notice = page.getByRole('alert').filter({ hasText: 'The server does not answer' }).first();
      await notice.waitFor();
      faked.api.state.down = false;
      await expect.poll(() => page.getByRole('alert').count(), SOON).toBe(0);
    });
  }

  it('says that the server is slow, and shows the answer when it comes', async () => {
    const page = await open(`#/search?key=${demoNames[0]}`, { delayMs: 4_000 });
    await page.getByText('The server is taking its time').waitFor();
    await page.getByRole('list', { name: 'Results' }).getByRole('listitem').first().waitFor();
    await expect.poll(() => page.getByText('The server is taking its time').count(), SOON).toBe(0);
  });

  it('says why a picture cannot be searched by', async () => {
    const page = await open('#/', { rejectQuery: 'HEIC cannot be read here. Save it as JPEG.' });
    await drop(page, [demoPath(demoNames[5]!)], 'Search with it');
    await page.getByRole('alert').filter({ hasText: 'HEIC cannot be read here.' }).waitFor();
  });

  it('says one thing of a picture that neither the browser nor the server reads, and offers nothing that cannot help', async () => {
    const page = await open('#/', { rejectQuery: 'HEIC cannot be read here. Save it as JPEG.' });
    const asked = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Choose a picture' }).click();
    await (await asked).setFiles({ name: 'a.heic', mimeType: 'image/heic', buffer: Buffer.from('ftypheic') });
    await page.getByRole('alert').filter({ hasText: 'HEIC cannot be read here.' }).waitFor();
    await expect.poll(() => page.getByAltText('The picture you search by').count(), SOON).toBe(0);
    expect(await page.getByText('the server looks at it all the same').count()).toBe(0);
    for (const name of ['Try again', 'Add to the library', 'Search a part']) {
      expect(await page.getByRole('button', { name }).count(), name).toBe(0);
    }
  });

  it('tells refused uploads from failed ones, and sends the failed ones again', async () => {
    const page = await open('#/', {
      refuse: [
        { text: demoNames[50]!, how: 'at-once', reason: 'It has too many bytes.' },
        { text: demoNames[51]!, how: 'when-read', reason: 'The file is damaged.' },
        { text: demoNames[52]!, how: 'store-fails', reason: 'The disk is busy.' },
      ],
    });
    await drop(page, demoNames.slice(50, 54).map(demoPath), 'Add to the library');
    await page.getByRole('heading', { name: '1 picture added, 3 not' }).waitFor();
    const reason = (name: string) =>
      page.locator('.tray-list li', { hasText: name }).locator('.tray-reason').textContent();
    expect(await reason(demoNames[50]!)).toBe('It has too many bytes.');
    expect(await reason(demoNames[51]!)).toBe('The file is damaged.');
    expect(await reason(demoNames[52]!)).toBe('The disk is busy.');

    faked.api.state.refuse = [];
    await page.getByRole('button', { name: 'Try 1 file again' }).click();
    await page.getByRole('heading', { name: '2 pictures added, 2 not' }).waitFor();
  });

  it('asks for a token where the server wants one, and sends it to that server alone', async () => {
    const page = await open('#/library', { token: 'secret', config: { auth: 'jwt' } });
    await page.getByRole('heading', { name: 'This library asks who you are' }).waitFor();
    expect(faked.api.requests).toEqual([]);
    await page.getByLabel('Token').fill('stale');
    await page.getByRole('button', { name: 'Connect' }).click();
    await page.getByRole('alert').getByRole('link', { name: 'Go to Status' }).click();
    await page.getByLabel('Token').fill('secret');
    await page.getByRole('button', { name: 'Connect' }).click();
    await page.getByText('found by every search').waitFor();
    const originals: string[] = [];
    page.on('request', (request) => {
      if (request.url().includes('/pictures/')) originals.push(request.headers().authorization ?? 'none');
    });
    await page.getByRole('link', { name: 'Library' }).click();
    await page.getByRole('list', { name: 'Pictures' }).getByRole('link').first().waitFor();
    await expect.poll(() => originals.length, SOON).toBeGreaterThan(0);
    expect(new Set(originals)).toEqual(new Set(['none']));
  });

  it('says that a picture which is only in another browser cannot be found here', async () => {
    const page = await open('#/search?kept=0123456789abcdef');
    await page.getByRole('heading', { name: 'This picture is in another browser' }).waitFor();
  });

  it('says that filters leave nothing, and takes them away', async () => {
    const page = await open(`#/search?key=${PICTURES[0]!.key}&meta.album=nowhere&prefix=faces/`);
    await page.getByRole('heading', { name: 'Nothing is like it' }).waitFor();
    await page.getByRole('button', { name: 'Search without filters' }).click();
    await page.getByRole('list', { name: 'Results' }).getByRole('listitem').first().waitFor();
    await expect.poll(() => page.url(), SOON).not.toContain('meta.');
  });

  it('filters by metadata', async () => {
    const page = await open(`#/search?key=${PICTURES[0]!.key}`);
    expect(await page.getByRole('combobox', { name: 'Metadata' }).inputValue()).toBe('album');
    await page.getByLabel('is', { exact: true }).fill('holiday');
    await page.getByRole('button', { name: 'Add this metadata filter' }).click();
    await expect
      .poll(() => page.getByRole('list', { name: 'Results' }).getByRole('listitem').count(), SOON)
      .toBe(PICTURES.filter(({ metadata }) => metadata.album).length - 1);
    await page.getByRole('button', { name: 'album: holiday, remove this filter' }).click();
    await expect.poll(() => page.url(), SOON).not.toContain('meta.');
  });

  it('filters by days, pixels and bytes, and compares without what all have in common', async () => {
    const page = await open(`#/search?key=${PICTURES[0]!.key}`);
    await page.getByLabel('Taken from').fill('2024-07-01');
    await page.getByLabel('Taken to').fill('2024-08-31');
    await page.getByLabel('Changed from').fill('2025-01-01');
    await page.getByRole('combobox', { name: 'Width', exact: true }).selectOption('2000');
    await page.getByRole('combobox', { name: 'Height', exact: true }).selectOption('1000');
    await page.getByRole('combobox', { name: 'File size', exact: true }).selectOption('1000000');
    await page.getByRole('combobox', { name: 'Width at most' }).selectOption('4000');
    await page.getByRole('combobox', { name: 'File size at most' }).selectOption('10000000');
    await page.getByRole('checkbox', { name: 'By what sets pictures apart' }).check();
    const asked = () => {
      const last = faked.api.requests.filter((each) => each.includes('/similar')).at(-1) ?? '';
      const query = new URLSearchParams(last.split('?')[1]);
      return [...query.getAll('range'), query.get('centered')];
    };
    await expect
      .poll(asked, SOON)
      .toEqual([
        'taken:2024-07-01..2024-08-31',
        'lastModified:2025-01-01..',
        'width:2000..4000',
        'height:1000..',
        'size:1000000..10000000',
        'true',
      ]);
    await page.reload();
    await expect.poll(() => page.getByLabel('Taken from').inputValue(), SOON).toBe('2024-07-01');
    await expect
      .poll(() => page.getByRole('checkbox', { name: 'By what sets pictures apart' }).isChecked(), SOON)
      .toBe(true);
  });

  it('shows how much of the index is loaded, and goes on by itself', async () => {
    const page = await open(`#/search?key=${PICTURES[0]!.key}`, { loaded: 0.4 });
    await page.getByText('The server loads its index: 40 %').waitFor();
    faked.api.state.loaded = 0.8;
    await page.getByText('The server loads its index: 80 %').waitFor();
    faked.api.state.loaded = 1;
    await page.getByRole('list', { name: 'Results' }).getByRole('listitem').first().waitFor();
  });

  it('says that a picture is not there', async () => {
    const page = await open('#/picture?key=gone.jpg');
    await page.getByText('There is no picture of this name').waitFor();
  });

  it('says that there are no duplicates', async () => {
    const page = await open('#/duplicates');
    await page.getByRole('heading', { name: 'No duplicates' }).waitFor();
  });

  it('says on every page that the weights are synthetic', async () => {
    const page = await open('#/', { synthetic: true });
    for (const view of ['Search', 'Library', 'Duplicates', 'Status']) {
      await page.getByRole('link', { name: view, exact: true }).click();
      await page.getByText('These are not real results.').waitFor();
    }
  });

  it('searches by a picture that is pasted', async () => {
    const page = await open('#/library');
    await page.getByRole('heading', { name: 'Library' }).waitFor();
    await page.evaluate(async () => {
      const canvas = new OffscreenCanvas(32, 32);
      canvas.getContext('2d')?.fillRect(4, 4, 20, 20);
      const file = new File([await canvas.convertToBlob()], 'image.png', { type: 'image/png' });
      const clipboardData = new DataTransfer();
      clipboardData.items.add(file);
      document.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }));
    });
    await page.getByRole('heading', { name: 'Like your picture' }).waitFor();
    await expect
      .poll(() => faked.api.requests.some((request) => request.startsWith('POST /v1/search')), SOON)
      .toBe(true);
  });

  it('shows the thumbnails that stand beside the index, asks for many at once, and needs no originals', async () => {
    const page = await open('#/library', { config: {}, thumbnails: { without: [] } });
    const asked = (what: string) => faked.api.requests.filter((request) => request.startsWith(what)).length;
    const shown = () => page.locator('.thumbnail[data-loaded] img[src^="blob:"]').count();
    await expect.poll(shown, SOON).toBe(PICTURES.length);
    expect(asked('GET /beside/')).toBe(PICTURES.length);
    expect(asked('GET /pictures/')).toBe(0);
    expect(asked('POST /v1/thumbnails')).toBeLessThan(PICTURES.length / 4);
    await page.reload();
    await expect.poll(shown, SOON).toBe(PICTURES.length);
    expect(asked('GET /beside/')).toBe(PICTURES.length);
  });

  it('makes the thumbnail that is missing beside the index from the original', async () => {
    const [first] = PICTURES;
    const page = await open('#/library', { config: {}, thumbnails: { without: [first!.key] } });
    await expect.poll(() => page.locator('.thumbnail[data-loaded]').count(), SOON).toBe(PICTURES.length);
    const originals = faked.api.requests.filter((request) => request.startsWith('GET /pictures/'));
    expect(originals).toEqual([`GET /pictures/${encodeURI(first!.key)}`]);
  });

  it('makes thumbnails once where the server makes none', async () => {
    const page = await open('#/library', { config: {} });
    const originals = () =>
      faked.api.requests.filter((request) => request.startsWith('GET /pictures/')).length;
    const shown = () => page.locator('.thumbnail[data-loaded] img[src^="blob:"]').count();
    await expect.poll(shown, SOON).toBe(PICTURES.length);
    expect(originals()).toBe(PICTURES.length);
    await page.reload();
    await expect.poll(shown, SOON).toBe(PICTURES.length);
    expect(originals()).toBe(PICTURES.length);
  });

  it('opens an address that makes no sense as if it were the way in', async () => {
    const page = await open('#/nothing?crop=9,9,9&k=-4&min=x');
    await page.getByRole('heading', { name: 'Find pictures that look alike' }).waitFor();
  });
});
