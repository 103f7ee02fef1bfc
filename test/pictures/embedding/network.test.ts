import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SIDE } from '../../../pictures/embedding/geometry.ts';
import { modelFile } from '../../../pictures/embedding/model-folder.ts';
import { Network } from '../../../pictures/embedding/network.ts';
import { sessionApart } from '../../../pictures/embedding/session.ts';
import { writeTinyModel } from '../../faults/tiny-model.ts';

const folder = mkdtempSync(join(tmpdir(), 'likeness-network-'));
const crop = (seed: number) => Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => (i * (seed + 3)) % 251);
const network = (apart: boolean) => new Network(folder, { threads: 1, maxBatch: 2, apart });

beforeAll(() => writeTinyModel(folder));
afterAll(() => rmSync(folder, { recursive: true }));

describe.each([
  ['in this thread', false],
  ['in a thread of its own', true],
])('%s', (_, apart) => {
  it('takes what is urgent first, and leaves a place to the others', async () => {
    const under = network(apart);
    await under.load();
    const done: string[] = [];
    const embed = async (name: string, urgent: boolean) => {
      await under.embed(crop(1), urgent);
      done.push(name);
    };

    await Promise.all([
      embed('first', false),
      ...['a', 'b', 'c', 'd'].map((name) => embed(name, false)),
      ...['urgent 1', 'urgent 2', 'urgent 3'].map((name) => embed(name, true)),
    ]);

    expect(done).toEqual(['urgent 1', 'first', 'urgent 2', 'a', 'urgent 3', 'b', 'c', 'd']);
  });

  it('gives each crop its own vector', async () => {
    const under = network(apart);
    const alone = await network(false).embed(crop(2));

    const [other, same] = await Promise.all([under.embed(crop(1)), under.embed(crop(2))]);

    expect(same).toEqual(alone);
    expect(other).not.toEqual(alone);
    expect(same!.buffer.byteLength).toBe(8_192);
  });

  it('opens another session after one that failed', async () => {
    const under = network(apart);
    const before = await under.embed(crop(2));
    await (await under.load()).close();

    await expect(under.embed(crop(2))).rejects.toThrow();

    expect(await under.embed(crop(2))).toEqual(before);
  });
});

it('leaves the event loop to others while it computes in a thread of its own', async () => {
  const session = await sessionApart(modelFile(folder), 1);
  const pixels = new Uint8Array(64 * SIDE * SIDE * 3);
  let isDone = false;
  let turns = 0;

  const run = session.run(pixels, 64).finally(() => {
    isDone = true;
  });
  while (!isDone) {
    await new Promise(setImmediate);
    turns++;
  }
  await run;

  // Computing in this thread takes a turn or two, however long it is.
  expect(turns).toBeGreaterThan(10);
});

it('says in its own thread, too, what is wrong with a model', async () => {
  const path = join(folder, 'no-model.onnx');
  writeFileSync(path, 'this is no model');

  await expect(sessionApart(path, 1)).rejects.toThrow(/model/i);
});

it('lets the process end while the thread has nothing to do', () => {
  const module = fileURLToPath(new URL('../../../pictures/embedding/session.ts', import.meta.url));
  const script = `const { sessionApart } = await import(${JSON.stringify(module)});
    const session = await sessionApart(${JSON.stringify(modelFile(folder))}, 1);
    console.log((await session.run(new Uint8Array(${SIDE * SIDE * 3}), 1)).length);`;
  const given = ['--import', 'tsx', '--input-type=module', '-e', script];

  const said = execFileSync(process.execPath, given, { timeout: 60_000, encoding: 'utf8' });

  expect(said.trim()).toBe('2048');
});
