/** Which picture of a group to keep, and the reason in a few words. */

export interface KeeperFacts {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** Pixels; absent when they are not known. */
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly hasExif?: boolean | undefined;
  /** When the picture was taken, by the camera's clock, and when it was last changed: ISO 8601. */
  readonly taken?: string | undefined;
  readonly lastModified: string;
}

export interface KeeperWishes {
  /** Folders (prefixes of keys) that are kept from before others. */
  readonly preferred?: readonly string[];
  /** Folders (prefixes of keys) from which nothing is deleted. */
  readonly protected?: readonly string[];
}

export const KEEP_RULES = ['best', 'oldest', 'largest'] as const;

export type KeepRule = (typeof KEEP_RULES)[number];

/**
 * Words that programs and people put into the names of copies: English, German, French, Spanish; and the "(1)" of
 * downloads. Between letters they are parts of other words.
 */
const COPY_NAME =
  /(?<![\p{L}])(copy|copies|edited|edit|screenshot|screen shot|thumb|thumbnail|resized|small|kopie|bearbeitet|bildschirmfoto|verkleinert|copie|modifié|capture d.?écran|réduit|copia|editado|editada|captura|reducida)(?![\p{L}])|\(\d{1,3}\)|[ _-]\d{1,2}x$|~\d$/iu;

function looksLikeCopy(key: string): boolean {
  const name = key.slice(key.lastIndexOf('/') + 1).replace(/\.[^.]*$/, '');
  return COPY_NAME.test(name.normalize('NFC'));
}

/** 0 where they are not known. */
export const pixelsOf = ({ width = 0, height = 0 }: KeeperFacts): number => width * height;
/** Whether a key is in one of these folders: prefixes of keys. */
export const isIn = (key: string, folders: readonly string[] = []): boolean =>
  folders.some((folder) => key.startsWith(folder));

/** By what one picture is kept rather than another. */
interface Criterion {
  /** The lowest one stays. */
  readonly rank: (facts: KeeperFacts) => number | string;
  /** Ranks that differ by no more than this part are as good as equal. @default 0 */
  readonly slack?: number;
  /** As `slack`, in units of the rank. @default 0 */
  readonly within?: number;
  readonly reason: (kept: KeeperFacts) => string;
}

const is = (fact: (facts: KeeperFacts) => boolean | undefined, reason: string): Criterion => ({
  rank: (facts) => (fact(facts) ? 0 : 1),
  reason: () => reason,
});
/** A crop of a row or two is no reason. */
const mostPixels: Criterion = {
  rank: (facts) => -pixelsOf(facts),
  slack: 0.01,
  reason: ({ width, height }) => `${width} x ${height}`,
};
const plainName = is(({ key }) => !looksLikeCopy(key), 'the others are called copies');
/** Of the same pixels the one with more bytes was compressed less; a few bytes are no reason. */
const leastCompressed: Criterion = {
  rank: ({ size }) => -size,
  slack: 0.02,
  reason: () => 'least compressed',
};
const exif = is(({ hasExif }) => hasExif, 'has its EXIF data');
/** When a picture was taken, else changed; copies that keep their EXIF data were taken at once, and then the file decides. */
const WHEN: readonly ((facts: KeeperFacts) => string)[] = [
  ({ taken, lastModified }) => taken ?? lastModified,
  ({ lastModified }) => lastModified,
];
const oldest = WHEN.map((rank): Criterion => ({ rank, reason: () => 'oldest' }));
const DAY_MS = 24 * 60 * 60 * 1000;
/** Hours say in which order files were copied or uploaded; that one is called a copy says more. */
const olderByDays = WHEN.map(
  (when): Criterion => ({
    rank: (facts) => Date.parse(when(facts)),
    within: DAY_MS,
    reason: () => 'oldest',
  }),
);
const mostBytes: Criterion = { rank: ({ size }) => -size, reason: () => 'largest file' };
const shortestName: readonly Criterion[] = [
  { rank: ({ key }) => key.length, reason: () => 'shortest name' },
  { rank: ({ key }) => key, reason: () => 'first by name' },
];

/** What a rule asks for, and what decides between pictures that are as good by it. */
const RULES: Readonly<Record<KeepRule, { asked: readonly Criterion[]; others: readonly Criterion[] }>> = {
  best: {
    asked: [mostPixels, leastCompressed],
    others: [exif, ...olderByDays, plainName, ...oldest, ...shortestName],
  },
  oldest: { asked: oldest, others: [mostPixels, leastCompressed, exif, plainName, ...shortestName] },
  largest: {
    asked: [mostBytes, mostPixels],
    others: [exif, ...olderByDays, plainName, ...oldest, ...shortestName],
  },
};

export interface Keeper<T> {
  readonly keeper: T;
  /** Why it and no other: "6000 x 4000". */
  readonly reason: string;
}

/**
 * Chooses the picture of a group that stays. Those in preferred folders come first; then the rule decides. That a picture
 * stays anyway, in a protected folder, decides only between those that are as good: a small copy there is no reason to
 * delete the large original elsewhere.
 *
 * @param pictures one or more
 */
export function chooseKeeper<T extends KeeperFacts>(
  pictures: readonly T[],
  wishes: KeeperWishes = {},
  rule: KeepRule = 'best',
): Keeper<T> {
  const criteria: readonly Criterion[] = [
    is(({ key }) => isIn(key, wishes.preferred), 'in a preferred folder'),
    ...RULES[rule].asked,
    is(({ key }) => isIn(key, wishes.protected), 'in a protected folder'),
    ...RULES[rule].others,
  ];
  const keeper = bestOf(pictures, criteria);
  const others = pictures.filter((each) => each !== keeper);
  if (others.length === 0) return { keeper, reason: '' };
  // The reason is what sets it apart from the next best.
  const next = bestOf(others, criteria);
  const decisive = criteria.find((criterion) => !areEqual(criterion, keeper, next));
  return { keeper, reason: decisive?.reason(keeper) ?? '' };
}

/** By each criterion in turn only those go on that are as good as the best by it: "as good as equal" sorts nothing. */
function bestOf<T extends KeeperFacts>(pictures: readonly T[], criteria: readonly Criterion[]): T {
  let left = pictures;
  for (const criterion of criteria) {
    const best = left.reduce((one, other) => (criterion.rank(other) < criterion.rank(one) ? other : one));
    left = left.filter((each) => areEqual(criterion, best, each));
  }
  return left[0]!;
}

function areEqual({ rank, slack = 0, within = 0 }: Criterion, one: KeeperFacts, other: KeeperFacts): boolean {
  const [a, b] = [rank(one), rank(other)];
  if (typeof a === 'string' || typeof b === 'string') return a === b;
  return Math.abs(a - b) <= Math.max(within, slack * Math.max(Math.abs(a), Math.abs(b)));
}
