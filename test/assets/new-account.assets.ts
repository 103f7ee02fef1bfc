/** An account that is new runs ten functions at once: adding many pictures beside people who search goes through, and nothing is lost. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addPictures } from '../../cli/add-pictures.ts';
import { withRetries } from '../../cli/retry.ts';
import { createClient } from '../../client/client.ts';
import { s3Event } from '../../local/s3-event.ts';
import { Sequencer } from '../../local/sequencer.ts';
import { systemClock } from '../../vectorlog/clock.ts';
import { Account, NEW_ACCOUNT } from './account.ts';
import { Deployment } from './deployment.ts';
import { API, gateway } from './gateway.ts';
import { UploadEvents } from './upload-events.ts';

const PICTURES = 40;
/** With four uploads and five batches more than there are executions. */
const SEARCHERS = 8;

const account = new Account(NEW_ACCOUNT);
const folder = mkdtempSync(join(tmpdir(), 'likeness-new-account-'));
let deployment: Deployment;

beforeAll(async () => {
  deployment = await Deployment.start(fileURLToPath(new URL('../../cdk.out', import.meta.url)), account);
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await deployment?.stop();
});

test('pictures are added through throttles, and all are found', async () => {
  const events = new UploadEvents(deployment, account);
  const sequencer = new Sequencer(systemClock);
  /** The bucket takes a signed form, and tells of it. */
  const bucket: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    const key = (init?.body as FormData | undefined)?.get('key');
    if (response.ok && typeof key === 'string') {
      const { eTag, size } = (await deployment.images.head(key))!;
      const change = { kind: 'ObjectCreated:Put', key, eTag, size, sequencer: sequencer.next() } as const;
      events.send(JSON.stringify(s3Event({ ...change, at: Date.now() })));
    }
    return response;
  };
  const client = createClient({ endpoint: API, fetch: gateway(deployment, bucket) });
  const files = await Promise.all(Array.from({ length: PICTURES }, (_, i) => picture(i)));

  let isAdding = true;
  const searching = Array.from({ length: SEARCHERS }, async () => {
    // Who searches may have to give up; who uploads may not.
    while (isAdding) await withRetries(() => client.images({ limit: 1 })).catch(() => {});
  });
  const outcome = await addPictures(files, {
    client,
    wait: true,
    force: false,
    patienceMs: 60_000,
    atOnce: 4,
  }).finally(() => {
    isAdding = false;
  });
  await Promise.all([...searching, events.drained()]);

  const keys = files.map(({ key }) => key).sort();
  expect(outcome).toMatchObject({ unchanged: [], refused: [], pending: [] });
  expect(outcome.added.toSorted()).toEqual(keys);
  expect(events.deadLetters).toEqual([]);
  const { states } = await client.states(keys);
  expect(states.filter(({ state }) => state !== 'indexed')).toEqual([]);
  // It was tight: requests were refused, and never more than the account has were at work.
  expect(account.throttled).toBeGreaterThan(0);
  expect(account.most).toBe(NEW_ACCOUNT);
});

/** A file of one colour, and what the command line knows of it. */
async function picture(i: number) {
  const background = { r: (i * 53) % 256, g: (i * 97) % 256, b: (i * 151) % 256 };
  const bytes = await sharp({ create: { width: 64, height: 64, channels: 3, background } })
    .jpeg()
    .toBuffer();
  const path = join(folder, `${i}.jpg`);
  writeFileSync(path, bytes);
  return { path, key: `new account/${i}.jpg`, contentType: 'image/jpeg', size: bytes.length, modifiedAt: 0 };
}
