/** The promises hold over random histories: about a minute of them here, as many as one likes with `npm run simulate`. */

import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { MUTANTS } from './mutants.ts';
import { runSeeds } from './run-seeds.ts';

/** `LIKENESS_SIMULATION_SECONDS` makes it longer or shorter. */
const SECONDS = Number(process.env.LIKENESS_SIMULATION_SECONDS ?? 60);
/** Every run begins elsewhere, so that runs add up; a failure names its seed. */
const FIRST_SEED = Number(process.env.LIKENESS_SIMULATION_SEED ?? Math.floor(Math.random() * 1e9));

describe('the simulation', () => {
  it('is the same twice with the same seed', async () => {
    const once = await runSeeds({ firstSeed: 7, seeds: 1 });
    const again = await runSeeds({ firstSeed: 7, seeds: 1 });
    expect(again).toEqual(once);
    expect(once.checks).toBeGreaterThan(50);
  });

  it('still has a place for every bug to plant, of which there are many', async () => {
    expect(MUTANTS.length).toBeGreaterThanOrEqual(25);
    for (const { mistake, patches } of MUTANTS)
      for (const { file, replace } of patches) {
        const source = await readFile(new URL(`../../${file}`, import.meta.url), 'utf8');
        expect(source.split(replace), `${mistake}: ${file}`).toHaveLength(2);
      }
  });

  it('finds a planted bug', async () => {
    const { patches } = MUTANTS.find(({ mistake }) => mistake.startsWith('delete the log before'))!;
    const { failure } = await runSeeds({ seeds: 50, patches });
    expect(failure?.message).toContain('acknowledged');
  });

  it(`finds nothing in ${SECONDS} seconds of seeds`, { timeout: SECONDS * 1_000 + 120_000 }, async () => {
    const { seeds, checks, failure } = await runSeeds({ firstSeed: FIRST_SEED, seconds: SECONDS });
    console.log(`simulation: ${seeds} seeds from ${FIRST_SEED}, the store checked ${checks} times`);
    expect(
      failure && `${failure.message}\nnpm run simulate -- --seed ${failure.seed} --trace`,
    ).toBeUndefined();
    expect(seeds).toBeGreaterThan(0);
  });
});
