import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { run } from '../../cli/program.ts';
import type { Health, Stats } from '../../client/types.ts';

let server: Server;
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

const STATS: Stats = {
  pictures: 20_000,
  model: { id: 'resnet50', weights: 'made up', precision: 'fp32', synthetic: false },
  index: { generation: 7, rows: 20_000, deadRows: 0, committedAt: '2026-01-02T03:04:05.000Z' },
  log: { appends: 0, pending: 0 },
  memory: { bytes: 0, budgetBytes: 1 << 30 },
  engine: 's3-vectors',
  exact: false,
  allows: { uploads: true, deletes: true },
};

/** What `likeness status` prints where a server says this. */
async function status(stats: Partial<Stats>, health: Partial<Health> = {}): Promise<string> {
  server = createServer((request, response) => {
    const isStats = request.url?.startsWith('/v1/stats');
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isStats ? { ...STATS, ...stats } : { status: 'ok', ...health }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const lines: string[] = [];
  const terminal = { out: (line: string) => void lines.push(line), err: () => undefined, interactive: false };
  expect(await run(['--endpoint', endpoint, 'status'], terminal)).toBe(0);
  return lines.join('\n');
}

it('says what is wrong, and how much of the log is not searched', async () => {
  const reasons = [{ code: 'folder-away', message: 'the folder is not there' }];
  const text = await status({ log: { appends: 9, pending: 2 } }, { status: 'degraded', reasons });
  expect(text).toContain('degraded: the folder is not there');
  expect(text).toMatch(/log +9 appends not folded yet, 2 not searched/);
});

it('says which engine searches, and that its recall is yet to be measured', async () => {
  expect(await status({})).toMatch(/engine +Amazon S3 Vectors, recall not measured yet/);
});

it('says the recall that was measured with its interval, and what is not searched yet', async () => {
  const recall = { k: 10, value: 0.934, low: 0.867, high: 0.969, queries: 100, rows: 20_000 };
  const text = await status({
    recall: { ...recall, projected: 20_000, at: '2026-01-02T03:04:05.000Z' },
    unreachable: 12,
  });

  expect(text).toContain('recall@10 93.4 % (86.7 % to 96.9 %), measured 2026-01-02T03:04:05.000Z');
  expect(text).toContain('12 pictures not searched until they are there');
});

it('says how far a backfill is, and how to go on with what failed', async () => {
  const backfill = { state: 'failed', startedAt: '2026-01-02T03:04:05.000Z', compared: 9_000 } as const;

  const text = await status({ backfill: { ...backfill, failed: 500, listed: 12_000 } });

  expect(text).toMatch(/backfill +failed, 9000 of 12000 objects compared, 500 failed: go on with --redrive/);
});

it('names no engine where pictures are searched in memory', async () => {
  expect(await status({ engine: 'memory', exact: true })).not.toContain('engine');
});
