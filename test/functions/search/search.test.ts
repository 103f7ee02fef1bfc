/** Searching through the API: by picture, key and embedding, with everything that narrows the answer. */

import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { json, picture, testApi } from '../../factories/api.ts';
import { seededVector } from '../../factories/fake-embedder.ts';

interface Answer {
  readonly results: { key: string; score: number; url: string; metadata: object; size: number }[];
  readonly [field: string]: unknown;
}

const answerOf = async (response: Response) => (await response.json()) as Answer;
const keysOf = async (response: Response) => (await answerOf(response)).results.map(({ key }) => key);

async function threePictures() {
  const api = testApi();
  await api.upload('beach/one.jpg', 'one', { metadata: { album: 'summer', rating: '5' } });
  await api.upload('beach/two.jpg', 'two', { metadata: { album: 'winter' } });
  await api.compact();
  await api.upload('city/three.jpg', 'three', { metadata: { album: 'summer' } });
  return api;
}

/** A picture of one colour. */
const plain = (background: string) =>
  sharp({ create: { width: 64, height: 64, channels: 3, background } })
    .png()
    .toBuffer();

describe('what to search for', () => {
  test.each(['image/jpeg', 'image/png', 'application/octet-stream'])('a picture as %s', async (type) => {
    const { request } = await threePictures();

    const response = await request('/v1/search', picture('two', type));

    expect(response.status).toBe(200);
    const answer = await answerOf(response);
    expect(answer).toMatchObject({ model: 'fake-00000000', synthetic: true, searched: 3, pending: 0 });
    expect(answer.results).toHaveLength(3);
    expect(answer.results[0]).toMatchObject({
      key: 'beach/two.jpg',
      url: 'http://pictures.test/beach%2Ftwo.jpg',
      metadata: { album: 'winter' },
      size: 3,
    });
    expect(answer.results[0]!.score).toBeCloseTo(1, 5);
  });

  test('a picture in JSON', async () => {
    const { request } = await threePictures();
    const image = Buffer.from('three').toString('base64');
    const [first] = await keysOf(await request('/v1/search', json({ image })));
    expect(first).toBe('city/three.jpg');
  });

  test('an embedding of any length', async () => {
    const { request } = await threePictures();
    const vector = Array.from(seededVector(new TextEncoder().encode('one')), (component) => component * 17);
    const { results } = await answerOf(await request('/v1/search', json({ vector })));
    expect(results[0]!.key).toBe('beach/one.jpg');
    expect(results[0]!.score).toBeCloseTo(1, 5);
  });

  test.each(['beach/one.jpg', 'city/three.jpg'])(
    'the key of a picture, which is left out: %s',
    async (key) => {
      const { request } = await threePictures();
      const bySearch = await keysOf(await request('/v1/search', json({ key })));
      const byPath = await keysOf(await request(`/v1/images/${key}/similar`));
      expect(bySearch).toHaveLength(2);
      expect(bySearch).not.toContain(key);
      expect(byPath).toEqual(bySearch);
    },
  );

  test('a part of a picture, sent or indexed', async () => {
    const [red, blue] = await Promise.all([plain('red'), plain('blue')]);
    const both = await sharp({ create: { width: 128, height: 64, channels: 3, background: 'white' } })
      .composite([
        { input: red, left: 0, top: 0 },
        { input: blue, left: 64, top: 0 },
      ])
      .png()
      .toBuffer();
    const { request, upload } = testApi();
    await upload('red.png', red);
    await upload('blue.png', blue);
    await upload('both.png', both);

    const sent = await request('/v1/search?crop=0.5,0,0.5,1&k=1', picture(both, 'image/png'));
    const indexed = await request('/v1/search?crop=0,0,0.5,1&k=1', json({ key: 'both.png' }));

    expect(await keysOf(sent)).toEqual(['blue.png']);
    expect(await keysOf(indexed)).toEqual(['red.png']);
  });
});

describe('what narrows the answer', () => {
  test.each([
    ['k=2', 2],
    ['prefix=beach/', 2],
    ['prefix=beach/o', 1],
    ['prefix=nowhere', 0],
    ['filter=album:summer', 2],
    ['filter=album:summer&filter=album:winter', 3],
    ['filter=album:summer&filter=rating:5', 1],
    ['filter=ALBUM:summer', 2],
    ['filter=album:summer&prefix=city', 1],
    ['filter=album:autumn', 0],
    ['minScore=0.999', 1],
    ['minScore=&prefix=&crop=&consistency=', 3],
  ])('%s', async (query, results) => {
    const { request } = await threePictures();
    expect(await keysOf(await request(`/v1/search?${query}`, picture('one')))).toHaveLength(results);
  });

  test('a filter in the body, with one value or several', async () => {
    const { request } = await threePictures();
    const image = Buffer.from('one').toString('base64');
    const search = async (filter: object) => keysOf(await request('/v1/search', json({ image, filter })));
    expect(await search({ album: 'winter' })).toEqual(['beach/two.jpg']);
    expect(await search({ album: ['winter', 'summer'], rating: '5' })).toEqual(['beach/one.jpg']);
  });

  test('the answer says how many pictures were compared', async () => {
    const { request } = await threePictures();
    const { searched } = await answerOf(await request('/v1/search?prefix=beach/&k=1', picture('one')));
    expect(searched).toBe(2);
  });
});

describe('freshness', () => {
  test('an acknowledged upload, overwrite or deletion shows in the next answer', async () => {
    const { request, upload, pictures, forget } = await threePictures();
    const first = async (text: string) => (await keysOf(await request('/v1/search?k=1', picture(text))))[0];

    await upload('new.jpg', 'four');
    expect(await first('four')).toBe('new.jpg');
    await upload('beach/one.jpg', 'five');
    expect(await first('five')).toBe('beach/one.jpg');
    expect(await keysOf(await request('/v1/search?minScore=0.9', picture('one')))).toEqual([]);
    await pictures.delete(['new.jpg']);
    await forget('new.jpg');
    expect(await first('four')).not.toBe('new.jpg');
  });

  test('eventual answers from memory and asks the store nothing', async () => {
    const { request, index } = await threePictures();
    await request('/v1/search', picture('one'));
    index.calls.length = 0;
    expect(await keysOf(await request('/v1/search?consistency=eventual', picture('one')))).toHaveLength(3);
    expect(index.calls).toEqual([]);
  });
});
