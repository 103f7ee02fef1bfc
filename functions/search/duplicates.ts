/** Groups of duplicates, page by page: candidates from the index, verdicts from the pictures, keepers by their quality. */

import { setImmediate } from 'node:timers/promises';
import type { RouteHandler, z } from '@hono/zod-openapi';
import { type Picture, pictureOf } from '../../pictures/attributes.ts';
import { type Decisions, NotDuplicates, readDecisions } from '../../pictures/duplicates/decisions.ts';
import {
  type CandidatePair,
  type DuplicateOptions,
  type DuplicateStep,
  findDuplicates,
  Twins,
} from '../../pictures/duplicates/find-duplicates.ts';
import type { Fingerprint } from '../../pictures/duplicates/fingerprint-format.ts';
import { Fingerprints, fingerprintId } from '../../pictures/duplicates/fingerprints.ts';
import { isIn, type KeeperFacts, pixelsOf } from '../../pictures/duplicates/keeper.ts';
import { type StarGroup, starGroups } from '../../pictures/duplicates/star-groups.ts';
import { type SignedRow, TurnedNeighbours } from '../../pictures/duplicates/turned-neighbours.ts';
import { LIKELY_FROM, SAME_FROM } from '../../pictures/duplicates/verdict.ts';
import { CANDIDATES, isSame, type JudgedPair, type Verifier } from '../../pictures/duplicates/verifier.ts';
import { mapInParallel } from '../../vectorlog/parallel.ts';
import type { LiveIndex } from '../../vectorlog/read/live-index.ts';
import type { RowSource, View } from '../../vectorlog/read/view.ts';
import { innerProduct } from '../../vectorlog/scan/hit.ts';
import { answerBytes } from './answer-size.ts';
import { afterCursor, cursorAfter } from './cursor.ts';
import type { SearchDependencies } from './dependencies.ts';
import { cursorOf, type Position, startOf } from './duplicates-cursor.ts';
import { SEARCH_LIMITS } from './limits.ts';
import { shown } from './pictures.ts';
import type { DuplicatesQuery } from './requests.ts';
import type * as routes from './routes.ts';
import type { DuplicateGroup } from './schemas.ts';

type Dependencies = SearchDependencies & { readonly live: LiveIndex };
type WithVerdicts = Dependencies & { readonly verdicts: Verifier };
type Group = z.infer<typeof DuplicateGroup>;
type Tier = Group['tier'];
type Options = z.infer<typeof DuplicatesQuery>;

/** A picture of a group with what is known of it. */
interface Member extends KeeperFacts {
  /** Of its bytes, when it is known. */
  readonly hash: string | undefined;
  readonly row: number;
  readonly picture: Picture;
}

interface PairOfRows {
  readonly rows: readonly [number, number];
  readonly cosine: number;
}

/** Pixels along a side that one has for each of the other's from which it shows more: less is within what can be measured. */
const FINER = 1.1;

const WEAKEST_FIRST: readonly Tier[] = ['alike', 'likely', 'same', 'identical'];

/** Pictures that are read side by side when their fingerprints are missing. */
const FINGERPRINTS_AT_ONCE = 8;
/** Pictures between two looks at the clock. */
const READ_TOGETHER = 32;
/** Pictures that are looked at between two looks at other requests. */
const SLICE = 1_024;

export const duplicates = (dependencies: WithVerdicts): RouteHandler<typeof routes.duplicates> => {
  const { verdicts: verifier, live, index, pictures, clock, defaultConsistency } = dependencies;
  const fingerprints = new Fingerprints(index, pictures, clock, dependencies.fingerprint);
  const turned: Turned = { neighbours: new TurnedNeighbours([]) };
  return async (c) => {
    const options = c.req.valid('query');
    const [decisions] = await Promise.all([readDecisions(index), fingerprints.refresh(), verifier.refresh()]);
    const { page, living } = await live.read(defaultConsistency, async (view) => {
      const source = view.everything({ prefix: options.prefix ?? '' });
      const search = new Page(
        source,
        fingerprints,
        verifier,
        turned,
        withWishes(decisions, options),
        options,
      );
      const made = await search.fill(startOf(afterCursor(options.cursor), view, source), view, dependencies);
      const isWhole = made.cursor === undefined && !options.prefix;
      return { page: made, living: isWhole ? search.ids() : undefined };
    });
    await Promise.all([fingerprints.flush(), verifier.flush()]);
    // On AWS nothing else knows whose fingerprints are left behind.
    if (living) await fingerprints.keepOnly(living);
    return c.json(page, 200);
  };
};

/** What is remembered, and what this caller wishes. */
const withWishes = (decisions: Decisions, { prefer, protect }: Options): Decisions => ({
  ...decisions,
  preferred: prefer.length > 0 ? prefer : decisions.preferred,
  protected: [...protect, ...decisions.protected],
});

/** What is turned of what, from one page to the next while the pictures stay the same. */
interface Turned {
  neighbours: TurnedNeighbours;
}

/** The work of one page. */
class Page {
  readonly #notDuplicates: NotDuplicates;
  readonly #ids = new Map<number, string>();
  readonly #keys = new Map<number, string>();

  constructor(
    private readonly source: RowSource,
    private readonly fingerprints: Fingerprints,
    private readonly verifier: Verifier,
    private readonly turned: Turned,
    private readonly decisions: Decisions,
    private readonly options: Options,
  ) {
    this.#notDuplicates = new NotDuplicates(decisions.notDuplicates);
  }

  async fill(start: Position, view: View, dependencies: Dependencies) {
    const { limit, tier } = this.options;
    const groups: Group[] = [];
    let [compared, bytes, skip] = [0, 0, start.skip];
    let next: Position | undefined;
    const ends = performance.now() + SEARCH_LIMITS.duplicatesMs;
    // Before anything is compared; later pages know of it.
    const [first] = this.source.rows;
    const isFirst = first !== undefined && start.row <= first;
    const unread = tier !== 'alike' && isFirst ? await this.#readPictures(ends) : 0;
    if (unread > 0) {
      const cursor = cursorAfter(cursorOf({ ...start, row: first! }, view, this.source));
      return { groups, compared, total: this.source.rows.length, unread, cursor };
    }
    const how = await this.#how();
    search: for await (const step of findDuplicates(this.source, { ...how, from: start.row })) {
      const made = await this.#groupsOf(step, dependencies);
      for (const [i, group] of made.entries()) {
        if (i < skip) continue;
        const size = answerBytes(group);
        const isFull = groups.length >= limit || bytes + size > SEARCH_LIMITS.maxAnswerBytes;
        if (groups.length > 0 && isFull) {
          // The step is made again for the rest of its groups.
          next = { row: step.from, skip: i };
          break search;
        }
        groups.push(group);
        bytes += size;
      }
      skip = 0;
      compared += step.compared;
      next = step.next === undefined ? undefined : { row: step.next, skip: 0 };
      if (groups.length >= limit || performance.now() > ends) break;
    }
    const cursor = next && cursorAfter(cursorOf(next, view, this.source));
    return { groups, compared, total: this.source.rows.length, ...(cursor && { cursor }) };
  }

  /** Under which the fingerprints of all pictures stand. */
  ids(): ReadonlySet<string> {
    return new Set(this.source.rows.map((row) => this.#id(row)));
  }

  /** How sure it must be that two pictures are the same. */
  get #sureFrom(): number {
    return this.options.tier === 'likely' ? LIKELY_FROM : SAME_FROM;
  }

  /** What ties two pictures, by the tier that is asked for. */
  async #how(): Promise<DuplicateOptions> {
    const { tier, minScore } = this.options;
    const notTold = (pairs: readonly CandidatePair[]) =>
      pairs.map(({ row, hit }) => !this.#isTold(row, hit.row));
    if (tier === 'alike') return { minScore, verify: async (pairs) => notTold(pairs).map(Number) };
    const twins = this.#twins();
    if (tier === 'identical') return { minScore: 1, nearest: 0, twins };
    const verify: DuplicateOptions['verify'] = async (pairs) => {
      const may = notTold(pairs);
      const judged = pairs.filter((_, i) => may[i]);
      const sure = await this.#confidences(
        judged.map(({ row, hit }) => ({ rows: [row, hit.row], cosine: hit.score })),
      );
      let next = 0;
      // What somebody told apart must not stand before the copy that is less sure.
      return may.map((each) => (each ? sure[next++]! : 0));
    };
    const turned = await this.#turnedNeighbours(twins);
    return { ...CANDIDATES, also: (row) => turned.of(row), twins, verify, sureFrom: this.#sureFrom };
  }

  /** Which pictures are others turned or mirrored, as far as it can be told at a glance; twins are left out. */
  async #turnedNeighbours(twins: Twins): Promise<TurnedNeighbours> {
    const signed: SignedRow[] = [];
    for (const [at, row] of this.source.rows.entries()) {
      if (at % SLICE === SLICE - 1) await setImmediate();
      const signature = twins.firstOf(row) === undefined && this.fingerprints.signature(this.#id(row));
      if (signature) signed.push({ row, signature });
    }
    if (!this.turned.neighbours.isOf(signed)) this.turned.neighbours = new TurnedNeighbours(signed);
    return this.turned.neighbours;
  }

  /** Whether somebody said that two rows are not the same picture. */
  #isTold(...rows: [number, number]): boolean {
    if (this.#notDuplicates.isEmpty) return false;
    const [one, other] = rows.map((row) => {
      const key = this.#keys.get(row) ?? this.source.entry(row).key;
      this.#keys.set(row, key);
      return key;
    });
    return this.#notDuplicates.has(one!, other!);
  }

  /**
   * Makes missing fingerprints before anything is compared. Without them, files with the same bytes and pictures that were turned
   * are not known as such; for tier `identical` those of files that are as long as another one are enough.
   *
   * @returns how many are left when the time is over; a later page goes on with these
   */
  async #readPictures(ends: number): Promise<number> {
    const { rows } = this.source;
    let unread = rows.filter((row) => this.fingerprints.hash(this.#id(row)) === undefined);
    if (this.options.tier === 'identical' && unread.length > 0) {
      const files = new Map<number, number>();
      const bytesOf = (row: number) => pictureOf(this.source.entry(row)).size;
      for (const row of rows) files.set(bytesOf(row), (files.get(bytesOf(row)) ?? 0) + 1);
      unread = unread.filter((row) => files.get(bytesOf(row))! > 1);
    }
    for (let at = 0; at < unread.length; at += READ_TOGETHER) {
      if (at > 0 && performance.now() > ends) return unread.length - at;
      await mapInParallel(FINGERPRINTS_AT_ONCE, unread.slice(at, at + READ_TOGETHER), (row) =>
        this.#fingerprint(row),
      );
    }
    return 0;
  }

  /** `undefined` where there is none and none can be made. */
  #fingerprint(row: number): Promise<Fingerprint | undefined> {
    const entry = this.source.entry(row);
    const { width, height } = pictureOf(entry);
    return this.fingerprints.of({ ...entry, width, height });
  }

  /** Rows with the same bytes: of each set only the first one is searched for. */
  #twins(): Twins {
    const twins = new Twins();
    const firsts = new Map<string, number>();
    for (const row of this.source.rows) {
      const hash = this.fingerprints.hash(this.#id(row));
      if (hash === undefined) continue;
      const first = firsts.get(hash);
      if (first === undefined) firsts.set(hash, row);
      else {
        twins.add(first, row);
        this.source.leaveOut(row);
      }
    }
    return twins;
  }

  #id(row: number): string {
    const known = this.#ids.get(row);
    if (known !== undefined) return known;
    const id = fingerprintId(this.source.entry(row));
    this.#ids.set(row, id);
    return id;
  }

  async #confidences(pairs: readonly PairOfRows[]): Promise<number[]> {
    const { fingerprints, verifier } = this;
    const known = pairs.map(({ rows: [one, other] }) => {
      const [id, otherId] = [this.#id(one), this.#id(other)];
      const hash = fingerprints.hash(id);
      return hash !== undefined && hash === fingerprints.hash(otherId) ? 1 : verifier.known(id, otherId);
    });
    const unknown = pairs.filter((_, i) => known[i] === undefined);
    const rows = [...new Set(unknown.flatMap((pair) => pair.rows))];
    const made = await mapInParallel(FINGERPRINTS_AT_ONCE, rows, (row) => this.#fingerprint(row));
    const pictures = new Map(
      rows.map((row, i) => [row, made[i] && { id: this.#id(row), fingerprint: made[i] }]),
    );
    const judged = unknown.map(({ rows: [one, other], cosine }): JudgedPair | undefined => {
      const [a, b] = [pictures.get(one), pictures.get(other)];
      return a && b && { pictures: [a, b], cosine };
    });
    const confidences = await verifier.confidences(judged.filter((pair) => pair !== undefined));
    let [next, nextConfidence] = [0, 0];
    // A picture that cannot be read now is the same as none.
    return known.map((each) => each ?? (judged[next++] ? confidences[nextConfidence++]! : 0));
  }

  /** What goes for a keeper and the other pictures of its group: the pixels, and what people said. */
  async #areSame(keeper: Member, others: readonly Member[]): Promise<boolean[]> {
    const isTold = (other: Member) => this.#notDuplicates.has(keeper.key, other.key);
    const isIdentical = (other: Member) => keeper.hash !== undefined && keeper.hash === other.hash;
    const compared =
      this.options.tier === 'identical' ? [] : others.filter((each) => !isTold(each) && !isIdentical(each));
    const same = new Set(others.filter((each) => !isTold(each) && isIdentical(each)));
    if (compared.length > 0) {
      const [own, ...embeddings] = await this.source.read([keeper.row, ...compared.map(({ row }) => row)]);
      const pairs = compared.map(({ row }, i) => ({
        rows: [keeper.row, row] as const,
        cosine: innerProduct(own!, embeddings[i]!),
      }));
      const confidences = await this.#confidences(pairs);
      for (const [i, other] of compared.entries()) if (confidences[i]! >= this.#sureFrom) same.add(other);
    }
    return others.map((other) => same.has(other));
  }

  async #groupsOf({ groups }: DuplicateStep, dependencies: Dependencies): Promise<Group[]> {
    const made: Group[] = [];
    for (const { rows, minScore } of groups) {
      const members = rows.map((row) => this.#member(row));
      if (this.options.tier === 'alike') {
        made.push(...(await this.#parts(undefined, members, minScore, dependencies)));
        continue;
      }
      const stars = await starGroups(
        members,
        (keeper, others) => this.#areSame(keeper, others),
        this.decisions,
        this.options.keep,
      );
      // What is surely the same has its own list; here it would hide what is to be looked at.
      const shown = this.options.tier === 'likely' ? stars.filter((star) => this.#isUnsure(star)) : stars;
      for (const star of shown) made.push(...(await this.#parts(star, star.others, minScore, dependencies)));
    }
    return made;
  }

  #isUnsure({ keeper, others }: StarGroup<Member>): boolean {
    return others.some((other) => this.#tierOf(keeper, other) === 'likely');
  }

  /** How a picture of a group goes with its keeper, both of which were compared. */
  #tierOf(keeper: Member, other: Member): Tier {
    if (other.hash !== undefined && other.hash === keeper.hash) return 'identical';
    return isSame(this.verifier.known(this.#id(keeper.row), this.#id(other.row)) ?? 0) ? 'same' : 'likely';
  }

  /**
   * Whether a picture shows what both have larger than the keeper does, though that one has more pixels: by what is around it, as a
   * screenshot, or because this is an enlarged part of it. Nothing tells which, and so neither goes.
   */
  #isFiner(other: Member, keeper: Member): boolean {
    const detail = this.verifier.detail(this.#id(other.row), this.#id(keeper.row));
    const hasFewer = pixelsOf(other) < pixelsOf(keeper);
    return hasFewer && this.#tierOf(keeper, other) !== 'identical' && detail !== undefined && detail > FINER;
  }

  /** A group as answers show it, in parts when it is very large. */
  async #parts(
    star: StarGroup<Member> | undefined,
    others: readonly Member[],
    minScore: number,
    dependencies: Dependencies,
  ): Promise<Group[]> {
    const perPart = SEARCH_LIMITS.maxGroupPart - 1;
    const of = Math.ceil(others.length / perPart);
    const parts: Group[] = [];
    for (let number = 1; number <= of; number++) {
      const members = others.slice((number - 1) * perPart, number * perPart);
      const tiers = members.map((member) => (star ? this.#tierOf(star.keeper, member) : 'alike'));
      const tier = WEAKEST_FIRST.find((each) => tiers.includes(each))!;
      const finer = new Set(members.filter((member) => star && this.#isFiner(member, star.keeper)));
      const all = [...(star ? [star.keeper] : []), ...members];
      const pictures = await Promise.all(
        all.map(async (member, i) => ({
          ...(await shown(member.picture, dependencies)),
          ...(member.width && { width: member.width }),
          ...(member.height && { height: member.height }),
          tier: (star ? tiers[i - 1] : 'alike') ?? tier,
          ...(finer.has(member) && { finer: true as const }),
          protected: this.#isProtected(member),
          eTag: member.picture.eTag,
        })),
      );
      const isOffered = this.options.tier === 'identical' || this.options.tier === 'same';
      const gone = isOffered
        ? members.filter((member) => !this.#isProtected(member) && !finer.has(member))
        : [];
      parts.push({
        tier,
        ...(star && { keeper: star.keeper.key, reason: star.reason }),
        pictures,
        deletable: gone.map(({ key }) => key),
        freesBytes: gone.reduce((sum, { size }) => sum + size, 0),
        ...(of > 1 && { part: { number, of } }),
        minScore,
      });
    }
    return parts;
  }

  #isProtected({ key }: Member): boolean {
    return isIn(key, this.decisions.protected);
  }

  #member(row: number): Member {
    const picture = pictureOf(this.source.entry(row));
    const fingerprint = this.fingerprints.known(this.#id(row));
    return {
      row,
      picture,
      hash: fingerprint?.hash,
      key: picture.key,
      size: picture.size,
      width: fingerprint?.width ?? picture.width,
      height: fingerprint?.height ?? picture.height,
      hasExif: fingerprint?.hasExif,
      taken: picture.taken,
      lastModified: picture.lastModified,
    };
  }
}
