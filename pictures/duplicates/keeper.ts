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

export type KeepRule = 'best' | 'oldest' | 'largest';

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

const pixelsOf = ({ width = 0, height = 0 }: KeeperFacts): number => width * height;
const isIn = (key: string, folders: readonly string[] = []): boolean =>
  folders.some((folder) => key.startsWith(folder));

/** Two numbers of pixels that are as good as equal: a crop of a row or two is no reason. */
const sameSize = (one: number, other: number): boolean =>
  Math.abs(one - other) <= 0.01 * Math.max(one, other);

/** Negative when `one` is to be kept rather than `other`, and why; 0 when nothing tells them apart. */
type Criterion = (one: KeeperFacts, other: KeeperFacts) => { order: number; reason: string };

const size = (facts: KeeperFacts) => `${facts.width} x ${facts.height}`;
const by = (order: number, reason: string) => ({ order, reason });
const first = (one: boolean, other: boolean): number => Number(other) - Number(one);

const mostPixels: Criterion = (one, other) => {
  const [a, b] = [pixelsOf(one), pixelsOf(other)];
  return by(sameSize(a, b) ? 0 : b - a, size(a > b ? one : other));
};
const plainName: Criterion = (one, other) =>
  by(first(!looksLikeCopy(one.key), !looksLikeCopy(other.key)), 'the others are called copies');
/** Of the same pixels the one with more bytes was compressed less; a few bytes are no reason. */
const leastCompressed: Criterion = (one, other) =>
  by(
    Math.abs(one.size - other.size) <= 0.02 * Math.max(one.size, other.size) ? 0 : other.size - one.size,
    'least compressed',
  );
const exif: Criterion = (one, other) =>
  by(first(one.hasExif ?? false, other.hasExif ?? false), 'has its EXIF data');
const oldest: Criterion = (one, other) =>
  by(earlier(dateOf(one), dateOf(other)) || earlier(one.lastModified, other.lastModified), 'oldest');
/** Copies that keep their EXIF data were taken at the same time; then the older file decides. */
const dateOf = ({ taken, lastModified }: KeeperFacts): string => taken ?? lastModified;
const earlier = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
const mostBytes: Criterion = (one, other) => by(other.size - one.size, 'largest file');
const shortestName: Criterion = (one, other) =>
  by(one.key.length - other.key.length || (one.key < other.key ? -1 : 1), 'shortest name');

const RULES: Readonly<Record<KeepRule, readonly Criterion[]>> = {
  best: [mostPixels, leastCompressed, exif, plainName, oldest, shortestName],
  oldest: [oldest, mostPixels, leastCompressed, exif, plainName, shortestName],
  largest: [mostBytes, mostPixels, exif, plainName, oldest, shortestName],
};

export interface Keeper<T> {
  readonly keeper: T;
  /** Why it and no other: "6000 x 4000". */
  readonly reason: string;
}

/**
 * Chooses the picture of a group that stays. Those in preferred folders come first, then those in protected ones (they
 * stay anyway); among them the rule decides.
 *
 * @param pictures one or more
 */
export function chooseKeeper<T extends KeeperFacts>(
  pictures: readonly T[],
  wishes: KeeperWishes = {},
  rule: KeepRule = 'best',
): Keeper<T> {
  const criteria: Criterion[] = [
    (one, other) =>
      by(first(isIn(one.key, wishes.preferred), isIn(other.key, wishes.preferred)), 'in a preferred folder'),
    (one, other) =>
      by(first(isIn(one.key, wishes.protected), isIn(other.key, wishes.protected)), 'in a protected folder'),
    ...RULES[rule],
  ];
  const decide = (one: T, other: T) => {
    for (const criterion of criteria) {
      const decided = criterion(one, other);
      if (decided.order !== 0) return decided;
    }
    return by(0, '');
  };
  const sorted = [...pictures].sort((one, other) => decide(one, other).order);
  const keeper = sorted[0]!;
  // The reason is what sets it apart from the next best.
  const reason = sorted[1] ? decide(keeper, sorted[1]).reason : '';
  return { keeper, reason };
}
