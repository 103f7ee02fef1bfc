/** What the parts of `npm run bench` found: one JSON file each, from which the page is made. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Machine } from '../machine.ts';

/** Where the results that the page shows are kept. */
export const RESULTS = fileURLToPath(new URL('../results', import.meta.url));

/** One part's result. */
export interface Result<Figures> {
  readonly part: string;
  /** What makes it again. */
  readonly command: string;
  /** The day, as in 2026-11-27. */
  readonly day: string;
  readonly seconds: number;
  /** How many programs wanted the processor when it began, on average over a minute: of an idle machine, below one. */
  readonly loadBefore: number;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly figures: Figures;
}

interface Way {
  /** Seconds. */
  readonly index: number;
  readonly cold: readonly number[];
  readonly warm: readonly number[];
}

export interface ReferenceFigures {
  readonly pictures: number;
  readonly versions: Readonly<Record<string, string>> | null;
  readonly ours: Way;
  readonly reference: Way | null;
}

interface Contended {
  readonly ms: number;
  readonly spread: readonly [number, number];
  readonly timesTheFirst: number;
  readonly same: number;
}

export interface SearchFigures {
  readonly model: string;
  readonly synthetic: boolean;
  readonly measured: readonly {
    readonly rows: number;
    readonly single: Readonly<Record<string, Contended>>;
    readonly batch: Readonly<Record<string, Contended>>;
  }[];
}

export interface EmbedFigures {
  readonly reference: Readonly<Record<string, string>> | null;
  readonly results: Readonly<
    Record<
      string,
      {
        readonly pictures: number;
        readonly fp32: number;
        readonly int8: number;
        readonly reference: number | null;
        readonly vsReference: number | null;
        readonly int8VsFp32: number;
      }
    >
  >;
}

export interface GrowthFigures {
  readonly fittedFrom: number;
  readonly exponents: Readonly<Record<string, number>>;
  readonly sizes: readonly {
    readonly rows: number;
    readonly loadMs: number;
    readonly searchMs: number;
    readonly refreshMs: number;
    readonly compactMs: number;
    readonly residentBytes: number;
  }[];
}

export interface ColdFigures {
  readonly network: {
    readonly burstBytes: number;
    readonly bytesPerSecond: number;
    readonly requestMs: number;
  };
  readonly coldStarts: Readonly<
    Record<
      string,
      {
        readonly by: string;
        readonly rows: number;
        readonly seconds: number;
        readonly all: readonly number[];
        readonly waits: number;
        readonly bytes: number;
      }
    >
  >;
}

interface Times {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

export interface LoadFigures {
  readonly pictures: number;
  readonly searchesPerSecond: number;
  readonly byPictureEvery: number;
  readonly open: number;
  readonly calm: { readonly search: { readonly all: Times; readonly shed: number }; readonly found: Times };
  readonly saturated: {
    readonly search: { readonly all: Times; readonly shed: number };
    readonly found: Times;
    readonly picturesPerSecond: number;
    readonly course: readonly { readonly second: number; readonly p50: number; readonly most: number }[];
  };
  readonly atOnce?: {
    readonly sent: number;
    readonly answered: Times;
    readonly shed: number;
    readonly seconds: number;
  };
  readonly memory: readonly { readonly second: number; readonly mib: Readonly<Record<string, number>> }[];
  readonly 'load.lost': number;
  readonly 'load.failed': number;
}

export interface CostFigures {
  /** US dollars a month, by what it is spent on. */
  readonly months: readonly {
    readonly pictures: number;
    readonly searches: number;
    readonly usd: Readonly<Record<string, number>>;
  }[];
}

/** All parts; those that were not measured are missing. */
export interface Results {
  readonly reference?: Result<ReferenceFigures>;
  readonly search?: Result<SearchFigures>;
  readonly embed?: Result<EmbedFigures>;
  readonly growth?: Result<GrowthFigures>;
  readonly cold?: Result<ColdFigures>;
  readonly load?: Result<LoadFigures>;
  readonly functions?: Result<LoadFigures>;
  readonly cost?: Result<CostFigures>;
}

export type PartName = keyof Results;

/** @param folder where `writeResult` wrote them */
export function readResults(folder: string, parts: readonly PartName[]): Results {
  const read = (part: PartName): [PartName, unknown][] => {
    try {
      return [[part, JSON.parse(readFileSync(join(folder, `${part}.json`), 'utf8'))]];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  };
  return Object.fromEntries(parts.flatMap(read));
}

export function writeResult(folder: string, result: Result<unknown>): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${result.part}.json`), `${JSON.stringify(result, undefined, 2)}\n`);
}
