/** The steps of `npm run test:aws` over the deployed packages, as far as they need no AWS: what runs there has run here. */

import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClient } from '../../client/client.ts';
import type { Plan } from '../../functions/backfill/handler.ts';
import { Sequencer } from '../../local/sequencer.ts';
import { systemClock } from '../../vectorlog/clock.ts';
import { type Told, VersionedBucket } from '../aws/bucket.ts';
import { oddKeys, smallPicture } from '../aws/odd-pictures.ts';
import { backfill, changeVersions, Report, type System, searchCold, uploadOdd } from '../aws/steps.ts';
import { s3Event } from '../factories/s3-events.ts';
import { Account } from './account.ts';
import { Deployment } from './deployment.ts';
import { API, gateway } from './gateway.ts';
import { UploadEvents } from './upload-events.ts';

const account = new Account(1_000);
const sequencer = new Sequencer(systemClock);
let deployment: Deployment;
let events: UploadEvents;
let system: System;

beforeAll(async () => {
  deployment = await Deployment.start(fileURLToPath(new URL('../../cdk.out', import.meta.url)), account);
  events = new UploadEvents(deployment, account);
  const tell = (change: Told) =>
    events.send(JSON.stringify(s3Event({ ...change, sequencer: sequencer.next() })));
  const images = new VersionedBucket(deployment.client, deployment.imagesBucket, tell);
  await images.keepVersions();
  /** Also tells of what comes by a signed form. */
  const bucket: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    const key = (init?.body as FormData | undefined)?.get('key');
    if (response.ok && typeof key === 'string') {
      const { eTag, size } = (await deployment.images.head(key))!;
      tell({ eventName: 'ObjectCreated:Put', key, versionId: 'unread', eTag, size });
    }
    return response;
  };
  system = {
    client: createClient({ endpoint: API, fetch: gateway(deployment, bucket) }),
    images,
    pause: () => events.drained(),
    patienceMs: 100_000,
  };
});

afterAll(() => deployment?.stop());

test('every step does what it should', async () => {
  const report = new Report();
  await report.step('odd keys', () => uploadOdd(system, 60));
  await report.step('versions', () => changeVersions(system));
  const [first] = oddKeys('odd/', 1);
  const image = await smallPicture(first!);
  await report.step('cold searches', () => searchCold(system, image, () => deployment.searcher.restart()));
  const before = oddKeys('before/', 10);
  await report.step('backfill', async () => {
    // As before any notification was set up.
    const unheard = new VersionedBucket(deployment.client, deployment.imagesBucket);
    for (const key of before) await unheard.put(key, await smallPicture(key));
    return backfill(system, before, async () => {
      const plan = await deployment.step<Plan>({ step: 'begin', run: 'first', job: { job: 'backfill' } });
      await deployment.step({ step: 'compare', plan, items: await deployment.listed() });
      await deployment.deliverQueued();
    });
  });
  expect(report.hasFailed, String(report)).toBe(false);
  expect(events.deadLetters).toEqual([]);
});

test('a step that fails is in the report, and the others go on', async () => {
  const report = new Report();
  const impatient = { ...system, patienceMs: 0 };
  await report.step('nothing comes', () => backfill(impatient, ['never.jpg'], async () => {}));
  await report.step('after it', async () => 'done');
  expect(report.hasFailed).toBe(true);
  expect(String(report)).toMatch(/nothing comes \| FAILED: 1 of 1: .*never\.jpg/);
  expect(String(report)).toContain('after it | ok: done');
});
