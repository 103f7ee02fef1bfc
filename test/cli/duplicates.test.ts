/** `likeness duplicates` over pages of a server: an index that was written anew on the way, and a library without pictures. */

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { run } from '../../cli/program.ts';

let server: Server;
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

type Answer = readonly [status: number, body: object];

/** Runs the command; the server gives its answers one after the other, and fails the test when it is asked for more. */
async function duplicates(...answers: Answer[]) {
  const asked: (string | null)[] = [];
  server = createServer((request, response) => {
    asked.push(new URL(request.url!, 'http://x').searchParams.get('cursor'));
    const [status, body] = answers[asked.length - 1] ?? [400, { title: 'asked once too often', status: 400 }];
    const type = status === 200 ? 'application/json' : 'application/problem+json';
    response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const lines: string[] = [];
  const terminal = { out: (line: string) => void lines.push(line), err: () => undefined, interactive: false };
  const code = await run(['--endpoint', endpoint, 'duplicates', '--json'], terminal);
  return { code, asked, groups: JSON.parse(lines.join('\n') || 'null') as { pictures: { key: string }[] }[] };
}

const picture = (key: string) => ({
  key,
  url: `http://pictures.test/${key}`,
  size: 3,
  contentType: 'image/jpeg',
  metadata: {},
  lastModified: '2026-01-01T00:00:00.000Z',
  score: 1,
  width: 1,
  height: 1,
});
const group = (...keys: string[]) => ({
  tier: 'identical',
  pictures: keys.map(picture),
  keeper: keys[0],
  reason: 'oldest',
  deletable: keys.slice(1),
});
const page = (groups: object[], more: object = {}): Answer => [
  200,
  { groups, compared: 10, total: 20, ...more },
];
const expired: Answer = [
  410,
  { type: 'urn:likeness:problem:cursor-expired', title: 'The cursor is of another time', status: 410 },
];

it('begins again where the cursor is of another time, and keeps what it found', async () => {
  const { code, asked, groups } = await duplicates(
    page([group('a', 'b')], { cursor: 'one' }),
    expired,
    page([group('a', 'b')], { cursor: 'two' }),
    page([group('c', 'd')]),
  );
  expect(code).toBe(0);
  expect(asked).toEqual([null, 'one', null, 'two']);
  expect(groups.map(({ pictures }) => pictures.map(({ key }) => key))).toEqual([
    ['a', 'b'],
    ['c', 'd'],
  ]);
});

it('ends where there is no picture to compare', async () => {
  const { code, asked, groups } = await duplicates([200, { groups: [], compared: 0, total: 0 }]);
  expect([code, groups]).toEqual([0, []]);
  expect(asked).toEqual([null]);
});
