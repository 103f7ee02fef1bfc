/** The lint step that looks for regular expressions which a hostile text can hold up. */

import { expect, test } from 'vitest';
import { ambiguousPatterns } from '../../scripts/ambiguous-patterns.ts';

test('finds a planted one, and says where it stands', async () => {
  const code = ['const fine = /^[a-z]+$/;', String.raw`const crop = /^\d*\.?\d+(?:,\d*\.?\d+){3}$/;`].join(
    '\n',
  );
  expect(await ambiguousPatterns('crop.ts', code)).toEqual([
    { line: 2, source: String.raw`/^\d*\.?\d+(?:,\d*\.?\d+){3}$/`, growth: '5th degree polynomial' },
  ]);
});

test('reads texts that become one, and refuses those that are made at run time', async () => {
  const code = 'new RegExp("(a|a)*$"); RegExp("^a$", "u"); new RegExp(name);';
  const growths = (await ambiguousPatterns('made.ts', code)).map(({ growth }) => growth);
  expect(growths).toEqual(['exponential', 'made at run time, cannot be checked']);
});
