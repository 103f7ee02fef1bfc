/** `likeness ls`: a line a picture, with what is known of it. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { run } from '../../cli/program.ts';

it('shows bytes, pixels, and when a picture was taken or else changed', async () => {
  const picture = { url: '', metadata: {}, size: 2_500_000, lastModified: '2026-01-01T08:00:00.000Z' };
  const items = [
    { ...picture, key: 'a.jpg', width: 6_000, height: 4_000, taken: '2019-08-02T12:30:00' },
    { ...picture, key: 'b.svg' },
  ];
  const server = createServer((_, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ items, total: 2 })),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const lines: string[] = [];
  const terminal = { out: (line: string) => void lines.push(line), err: () => undefined, interactive: false };
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const code = await run(['--endpoint', endpoint, 'ls'], terminal);
  server.close();
  expect([code, lines]).toEqual([
    0,
    ['  2.5 MB   6000 x 4000  2019-08-02 12:30  a.jpg', '  2.5 MB                2026-01-01 08:00  b.svg'],
  ]);
});
