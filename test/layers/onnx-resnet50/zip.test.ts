/** The same files give the same zip, whenever and wherever it is made. */

import { mkdirSync, mkdtempSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { afterEach, expect, it } from 'vitest';
import { zipFolder } from '../../../layers/onnx-resnet50/zip.ts';

const zone = process.env.TZ;
afterEach(() => {
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

function folderOf(names: readonly string[], time: Date): string {
  const folder = mkdtempSync(join(tmpdir(), 'likeness-zip-'));
  mkdirSync(join(folder, 'model'));
  for (const name of names) {
    writeFileSync(join(folder, name), `content of ${name}`);
    utimesSync(join(folder, name), time, time);
  }
  return folder;
}

it('gives the same bytes for other times, another order and another time zone', async () => {
  const names = ['b.txt', 'model/model.onnx', 'a.txt'];

  process.env.TZ = 'Pacific/Auckland';
  const one = await zipFolder(folderOf(names, new Date('2020-01-01')));
  process.env.TZ = 'America/Los_Angeles';
  const other = await zipFolder(folderOf(names.toReversed(), new Date('2026-06-01')));

  expect(other).toEqual(one);
  expect(Object.keys(unzipSync(one))).toEqual(['a.txt', 'b.txt', 'model/model.onnx']);
  expect(new TextDecoder().decode(unzipSync(one)['model/model.onnx'])).toBe('content of model/model.onnx');
});
