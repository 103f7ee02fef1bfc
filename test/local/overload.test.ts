/** More searches at once than a machine can do: some are told to come back, and when. */

import { afterEach, expect, it } from 'vitest';
import { fakeEmbedder } from '../factories/fake-embedder.ts';
import { picture } from '../factories/pictures.ts';
import { type ServedFolder, servedFolder } from '../factories/serving.ts';

/** Four are at work, and 32 wait. */
const MOST = 36;

let library: ServedFolder;
afterEach(() => library.remove());

it('says to one search too many when to ask again, and answers the others', async () => {
  library = await servedFolder();
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const plain = fakeEmbedder();
  const embedder: typeof plain = {
    ...plain,
    embed: async (...asked) => {
      await held;
      return plain.embed(...asked);
    },
  };
  const { serving } = await library.serve({ embedder });
  const body = new Uint8Array(await picture(1));
  const headers = { 'content-type': 'image/png' };
  const ask = () => fetch(`${serving.url}/v1/search`, { method: 'POST', headers, body });

  const asked = Array.from({ length: MOST + 1 }, ask);
  const refused = await Promise.race(asked);
  letGo();
  const statuses = (await Promise.all(asked)).map(({ status }) => status);

  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  expect(await refused.json()).toMatchObject({ type: 'urn:likeness:problem:overloaded' });
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(4);
  expect(statuses.every((status) => status === 200 || status === 503)).toBe(true);
});
