/** `likeness duplicates` over pages of a server: an index that was written anew on the way, a library without pictures, and deletions that end early. */

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
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
  const { code, out } = await likeness(['duplicates', '--json'], (url) => {
    asked.push(url.searchParams.get('cursor'));
    return answers[asked.length - 1] ?? [400, { title: 'asked once too often', status: 400 }];
  });
  return { code, asked, groups: JSON.parse(out || 'null') as { pictures: { key: string }[] }[] };
}

async function likeness(args: string[], answer: (url: URL, method: string) => Answer) {
  server = createServer((request, response) => {
    const [status, body] = answer(new URL(request.url!, 'http://x'), request.method!);
    const type = status === 200 ? 'application/json' : 'application/problem+json';
    response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = {
    out: (line: string) => void out.push(line),
    err: (line: string) => void err.push(line),
    interactive: false,
  };
  const code = await run(['--endpoint', endpoint, ...args], terminal);
  return { code, out: out.join('\n'), err: err.join('\n') };
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
  eTag: `of ${key}`,
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

describe('a deletion of eight copies', () => {
  const copies = Array.from({ length: 8 }, (_, i) => `copy ${i}`);
  const changed: Answer = [
    412,
    { type: 'urn:likeness:problem:picture-changed', title: 'Another one', status: 412, detail: 'changed' },
  ];
  const unavailable: Answer = [
    503,
    { type: 'urn:likeness:problem:store-unavailable', title: 'x', status: 503 },
  ];

  /** @param deletion what becomes of each, by how many were asked for before */
  async function remove(args: string[], deletion: (before: number) => Answer | undefined) {
    const asked: URLSearchParams[] = [];
    const { code, out, err } = await likeness(args, (url, method): Answer => {
      if (url.pathname === '/v1/trash') return [200, { kept: true, items: [] }];
      if (method !== 'DELETE') return page([group('kept', ...copies)]);
      asked.push(url.searchParams);
      const gone: Answer = [202, { key: '', state: 'pending', restorable: true }];
      return deletion(asked.length - 1) ?? gone;
    });
    return { code, out, err, asked };
  }
  const trash = ['duplicates', '--trash', '--json'];
  const deletedOf = (out: string) => (JSON.parse(out) as { deleted: string[] }[])[0]!.deleted;

  it('goes only while what stays is what was compared, and sums up beside JSON too', async () => {
    const { code, out, err, asked } = await remove(trash, () => undefined);
    expect([code, deletedOf(out)]).toEqual([0, copies]);
    expect(err).toContain('1 group, 8 pictures to spare, 24 B. Deleted 8: they can be had back');
    for (const [i, query] of asked.entries())
      expect(Object.fromEntries(query)).toEqual({
        eTag: `of ${copies[i]}`,
        copyOf: 'kept',
        copyOfETag: 'of kept',
      });
  });

  it.each([
    ['duplicates --trash', trash, deletedOf],
    ['rm', ['rm', '--no-wait', '--json', ...copies], (out: string) => JSON.parse(out).deleted],
  ])('of %s stops when somebody interrupts it, and says what was done', async (_, args, deleted) => {
    const { code, out, err, asked } = await remove(args, (before) => {
      if (before === 1) process.emit('SIGINT');
      return undefined;
    });
    expect(code).toBe(130);
    expect(err).toContain('stopped: 2 of 8 pictures deleted');
    expect(asked).toHaveLength(2);
    expect(deleted(out)).toEqual(copies.slice(0, 2));
  });

  it.each([
    ['duplicates --trash', trash],
    ['rm', ['rm', '--no-wait', ...copies]],
  ])('of %s ends at a failure, and says what was done', async (_, args) => {
    const { code, err, asked } = await remove(args, (before) => (before === 2 ? unavailable : undefined));
    expect([code, asked.length]).toEqual([1, 3]);
    expect(err).toContain('2 of 8 pictures deleted; then: ');
  });

  it('leaves alone what has changed, says each of these, and goes on', async () => {
    const { code, out, err } = await remove(trash, (before) => (before % 3 === 0 ? changed : undefined));
    expect(code).toBe(1);
    expect(deletedOf(out)).toEqual(copies.filter((_, i) => i % 3 !== 0));
    for (const key of ['copy 0', 'copy 3', 'copy 6']) expect(err).toContain(`${key}: Another one: changed`);
    expect(err).toContain('5 of 8 pictures deleted; 3 pictures left alone');
  });

  it('does not begin without the picture that stays', async () => {
    const asked: string[] = [];
    const { code } = await likeness(trash, (url, method): Answer => {
      if (method === 'DELETE') asked.push(url.pathname);
      if (url.pathname === '/v1/trash') return [200, { kept: true, items: [] }];
      return page([{ ...group('a', 'b', 'c'), keeper: 'elsewhere' }]);
    });
    expect([code, asked]).toEqual([0, []]);
  });
});

describe('folders of', () => {
  it.each([
    ['--protect', 'famly/', 'famly/'],
    ['--keep', 'in:famly', 'famly/'],
  ])(
    '%s must have pictures, since a misspelled one would keep nothing from being deleted',
    async (...[flag, value, prefix]) => {
      const asked: string[] = [];
      const { code, err } = await likeness(['duplicates', flag, value, '--trash'], (url, method): Answer => {
        asked.push(`${method} ${url.pathname} ${url.searchParams.get('prefix') ?? ''}`.trim());
        if (url.pathname === '/v1/trash') return [200, { kept: true, items: [] }];
        return [200, { items: [], total: 0 }];
      });
      expect([code, err]).toEqual([
        2,
        expect.stringContaining('no picture has a key that begins with "famly/"'),
      ]);
      expect(asked.at(-1)).toBe(`GET /v1/images ${prefix}`);
    },
  );

  it('--keep in: are these alone, and none that begin like them', async () => {
    const preferred: string[] = [];
    const { code } = await likeness(['duplicates', '--keep', 'in:album'], (url): Answer => {
      if (url.pathname === '/v1/images') return [200, { items: [picture('album/a')], total: 1 }];
      preferred.push(...url.searchParams.getAll('prefer'));
      return page([]);
    });
    expect([code, preferred]).toEqual([0, ['album/']]);
  });
});
