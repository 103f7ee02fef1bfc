/** What is printed of pictures, a line each: with pixels and date, as far as they are known. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { run } from '../../cli/program.ts';

const picture = { url: '', metadata: {}, size: 2_500_000, lastModified: '2026-01-01T08:00:00.000Z' };
const PHOTO = { ...picture, key: 'a.jpg', width: 6_000, height: 4_000, taken: '2019-08-02T12:30:00' };
const DRAWING = { ...picture, key: 'b.svg' };

/** What a command prints when the API answers with this. */
async function printed(answer: object, ...command: string[]): Promise<{ code: number; lines: string[] }> {
  const server = createServer((_, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer)),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const lines: string[] = [];
  const terminal = { out: (line: string) => void lines.push(line), err: () => undefined, interactive: false };
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const code = await run(['--endpoint', endpoint, ...command], terminal);
  server.close();
  return { code, lines };
}

it('shows bytes, pixels, and when a picture was taken or else changed in a list', async () => {
  expect(await printed({ items: [PHOTO, DRAWING], total: 2 }, 'ls')).toEqual({
    code: 0,
    lines: [
      '  2.5 MB   6000 x 4000  2019-08-02 12:30  a.jpg',
      '  2.5 MB                2026-01-01 08:00  b.svg',
    ],
  });
});

it('shows when a picture was deleted, bytes, pixels, and the day it was taken in the trash', async () => {
  const deletedAt = '2026-02-01T09:00:00.000Z';
  const items = [PHOTO, DRAWING].map((item) => ({ ...item, id: item.key, deletedAt }));
  expect(await printed({ kept: true, items }, 'trash')).toEqual({
    code: 0,
    lines: [
      '2026-02-01T09:00:00.000Z   2.5 MB   6000 x 4000  2019-08-02  a.jpg',
      '2026-02-01T09:00:00.000Z   2.5 MB                            b.svg',
    ],
  });
});

it('shows score, pixels, date and the copies that are left out in results', async () => {
  const results = [
    { ...DRAWING, score: 0.98765 },
    { ...PHOTO, score: 0.5, copies: 3 },
  ];
  const about = { model: 'm', engine: 'memory', exact: true, searched: 2, pending: 0 };
  const took = { embedMs: 1, refreshMs: 1, scanMs: 1 };
  expect(await printed({ results, ...about, took }, 'similar', 'c.jpg')).toEqual({
    code: 0,
    lines: ['0.988               2026-01-01  b.svg', '0.500  6000 x 4000  2019-08-02  a.jpg (+3 like this)'],
  });
});
