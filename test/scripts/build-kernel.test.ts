import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { GENERATED } from '../../scripts/build-kernel.ts';

describe('a generated kernel', () => {
  it.each(Object.entries(GENERATED))(
    'is what its sources say (%s); run "npm run build:kernel" when this fails',
    async (path, generate) => {
      expect(await readFile(new URL(`../../${path}`, import.meta.url), 'utf8')).toBe(await generate());
    },
  );
});
