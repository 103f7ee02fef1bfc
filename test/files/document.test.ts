/** The table of docs/formats.md says what `npm run test:files` tries. */

import { expect, it } from 'vitest';
import { documents } from './document.ts';

it('the table of formats is the one that the kinds make', async () => {
  const { now, wanted } = await documents();
  expect(now).toBe(wanted);
});
