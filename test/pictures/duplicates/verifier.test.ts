import sharp from 'sharp';
import { expect, test } from 'vitest';
import { fingerprintOf } from '../../../pictures/duplicates/fingerprint.ts';
import { VERDICT_VERSION, versionOf } from '../../../pictures/duplicates/verdict.ts';
import { Verifier } from '../../../pictures/duplicates/verifier.ts';
import { VERDICTS_PREFIX } from '../../../pictures/names.ts';
import { systemClock } from '../../../vectorlog/clock.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';

const picture = (red: number) =>
  sharp({ create: { width: 80, height: 60, channels: 3, background: { r: red, g: 90, b: 40 } } })
    .png()
    .toBuffer();

const namesIn = async (store: MemoryStore): Promise<string[]> => {
  const names: string[] = [];
  for await (const page of store.list({ prefix: VERDICTS_PREFIX })) names.push(...page.map(({ key }) => key));
  return names;
};

test('verdicts of other weights are not believed, and go when new ones are written', async () => {
  const index = new MemoryStore();
  const [one, other] = await Promise.all(
    [picture(200), picture(20)].map(async (it) => fingerprintOf(await it)),
  );
  const a = { id: 'a'.repeat(32), fingerprint: one! };
  const b = { id: 'b'.repeat(32), fingerprint: other! };

  const before = new Verifier(index, systemClock, 'old');
  before.confidence(a, b, 0.9);
  await before.flush();
  expect(before.known(a.id, b.id)).toBeDefined();
  // What was written before verdicts had a version.
  await index.put(`${VERDICTS_PREFIX}01J.pack`, new Uint8Array(0));

  const after = new Verifier(index, systemClock);
  await after.refresh();
  expect(after.known(a.id, b.id)).toBeUndefined();
  const confidence = after.confidence(a, b, 0.9);
  await after.flush();
  expect(await namesIn(index)).toEqual([expect.stringContaining(`${VERDICTS_PREFIX}${VERDICT_VERSION}/`)]);

  const again = new Verifier(index, systemClock);
  await again.refresh();
  expect(again.known(a.id, b.id)).toBe(confidence);
});

test('the version tells any number apart', () => {
  expect(versionOf(1, [0.5, 2])).not.toBe(versionOf(1, [0.5, 2.1]));
  expect(versionOf(1, [0.5])).not.toBe(versionOf(2, [0.5]));
});
