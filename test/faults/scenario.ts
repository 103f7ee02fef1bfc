/** What a scenario of faults is. */

import type { Random } from '../../vectorlog/testing/random.ts';
import type { ServedLibrary } from './served.ts';

export interface Scenario {
  readonly name: string;
  /** Why it cannot be done on this machine; `undefined` when it can. */
  readonly obstacle?: () => string | undefined;
  /** @throws when anything was lost, or is there that should not be. @returns what was done, for the report */
  readonly run: (library: ServedLibrary, options: ScenarioOptions) => Promise<string>;
}

export interface ScenarioOptions {
  readonly random: Random;
  /** How many times the server is killed. */
  readonly kills: number;
  /** A minute for all scenarios together. */
  readonly quick: boolean;
}
