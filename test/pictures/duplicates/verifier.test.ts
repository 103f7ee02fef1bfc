import sharp from 'sharp';
import { expect, test } from 'vitest';
import { Comparers } from '../../../pictures/duplicates/comparers.ts';
import { fingerprintOf } from '../../../pictures/duplicates/fingerprint.ts';
import { LIKELY_FROM, VERDICT_VERSION, versionOf } from '../../../pictures/duplicates/verdict.ts';
import { isSame, Verifier } from '../../../pictures/duplicates/verifier.ts';
import { VERDICTS_PREFIX } from '../../../pictures/names.ts';
import { systemClock } from '../../../vectorlog/clock.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { face } from '../../factories/drawings.ts';
import { picture as seeded } from '../../factories/pictures.ts';

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

  const comparers = new Comparers(1);
  const pair = { pictures: [a, b], cosine: 0.9 } as const;
  const before = new Verifier(index, systemClock, comparers, 'old');
  await before.confidences([pair]);
  await before.flush();
  expect(before.known(a.id, b.id)).toBeDefined();
  // What was written before verdicts had a version.
  await index.put(`${VERDICTS_PREFIX}01J.pack`, new Uint8Array(0));

  const after = new Verifier(index, systemClock, comparers);
  await after.refresh();
  expect(after.known(a.id, b.id)).toBeUndefined();
  const [confidence] = await after.confidences([pair]);
  await after.flush();
  expect(await namesIn(index)).toEqual([expect.stringContaining(`${VERDICTS_PREFIX}${VERDICT_VERSION}/`)]);

  const again = new Verifier(index, systemClock);
  await again.refresh();
  expect(again.known(a.id, b.id)).toBe(confidence);
  await comparers.stop();
});

test('a verdict says which of two shows more of the same, from either side and after it was stored', async () => {
  const index = new MemoryStore();
  const drawing = await seeded(3);
  const small = await sharp(drawing).resize(150, 150, { kernel: 'nearest' }).png().toBuffer();
  const large = await sharp(drawing).resize(300, 300, { kernel: 'nearest' }).png().toBuffer();
  // Most pixels, but the picture in it has no more of them than the small one.
  const framed = await sharp(small)
    .extend({ top: 80, bottom: 80, left: 80, right: 80, background: '#ffffff' })
    .png()
    .toBuffer();
  const [a, b, c] = await Promise.all(
    [small, large, framed].map(async (bytes, i) => ({
      id: String(i + 1).repeat(32),
      fingerprint: await fingerprintOf(bytes),
    })),
  );
  const comparers = new Comparers(1);
  const verifier = new Verifier(index, systemClock, comparers);
  const pairs = [
    [a!, b!],
    [c!, b!],
    [a!, c!],
  ] as const;
  await verifier.confidences(pairs.map((pictures) => ({ pictures, cosine: 0.9 })));
  await verifier.flush();
  await comparers.stop();
  const again = new Verifier(index, systemClock);
  await again.refresh();
  for (const each of [verifier, again]) {
    expect(each.detail(b!.id, a!.id)).toBeCloseTo(2, 1);
    expect(each.detail(a!.id, b!.id)).toBeCloseTo(0.5, 1);
    expect(each.detail(b!.id, c!.id)).toBeCloseTo(2, 1);
    expect(each.detail(a!.id, c!.id)).toBeCloseTo(1, 1);
    expect(each.detail(a!.id, 'f'.repeat(32))).toBeUndefined();
  }
});

test('a copy that is brighter than can be shown is likely, and not the same, from either side', async () => {
  const bytes = [
    await face(),
    await sharp(await face())
      .linear(1.3, 0)
      .jpeg({ quality: 90 })
      .toBuffer(),
  ];
  const [original, brighter] = await Promise.all(
    bytes.map(async (each, i) => ({ id: String(i + 1).repeat(32), fingerprint: await fingerprintOf(each) })),
  );
  const comparers = new Comparers(1);
  const confidences = await Promise.all(
    [
      [original!, brighter!],
      [brighter!, original!],
    ].map(([one, other]) =>
      new Verifier(new MemoryStore(), systemClock, comparers).confidences([
        { pictures: [one!, other!], cosine: 0.9 },
      ]),
    ),
  );
  await comparers.stop();
  expect(confidences[0]).toEqual(confidences[1]);
  expect(confidences[0]![0]).toBeGreaterThanOrEqual(LIKELY_FROM);
  expect(isSame(confidences[0]![0]!)).toBe(false);
});

test('the version tells any number apart', () => {
  expect(versionOf(1, [0.5, 2])).not.toBe(versionOf(1, [0.5, 2.1]));
  expect(versionOf(1, [0.5])).not.toBe(versionOf(2, [0.5]));
});
