/** Searching: by the bytes of a picture, by the key of an indexed one, or by an embedding. */

import type { RouteHandler, z } from '@hono/zod-openapi';
import { allOf, metadataCondition, pictureOf, rangeCondition } from '../../pictures/attributes.ts';
import { PICTURE_LIMITS } from '../../pictures/decoding/limits.ts';
import { dimensionsOf } from '../../pictures/dimensions.ts';
import { readDecisions } from '../../pictures/duplicates/decisions.ts';
import type { Verifier } from '../../pictures/duplicates/verifier.ts';
import type { Crop } from '../../pictures/embedding/embedder.ts';
import { tooManyBytes, unreadable } from '../../pictures/ingest/embed-pictures.ts';
import type { CenteredIndex, CenteredView } from '../../vectorlog/read/centered.ts';
import { type Filter, matches } from '../../vectorlog/read/filter.ts';
import type { Found } from '../../vectorlog/read/view.ts';
import {
  ObjectNotFound,
  ObjectUnreadable,
  PreconditionFailed,
  StoreUnavailable,
} from '../../vectorlog/store/errors.ts';
import { fitting } from './answer-size.ts';
import type { SearchDependencies } from './dependencies.ts';
import { copiesIn, distinctResults } from './distinct.ts';
import { aboutEngine, type Engine, type Reading, type SearchView } from './engine.ts';
import { SEARCH_LIMITS } from './limits.ts';
import { notSearchable, shown } from './pictures.ts';
import { ApiProblem } from './problems.ts';
import type { SearchBody, SearchQuery } from './requests.ts';
import type * as routes from './routes.ts';
import type { SearchAnswer } from './schemas.ts';
import { histogramOf, stacksOf } from './scores.ts';

type Dependencies = SearchDependencies & {
  readonly engine: Engine;
  readonly verdicts: Verifier;
  readonly centered: CenteredIndex;
};
type Options = z.infer<typeof SearchQuery>;

/** What to search for: one picture, or several with what each counts. */
type Single =
  | { readonly image: Uint8Array }
  | { readonly key: string }
  | { readonly vector: readonly number[] };
type Subject = Single | { readonly queries: readonly Weighted[] };
interface Weighted {
  readonly of: Single;
  readonly crop: Crop | undefined;
  readonly weight: number;
}

export const search =
  (dependencies: Dependencies): RouteHandler<typeof routes.search> =>
  async (c) => {
    const options = c.req.valid('query');
    if (c.req.header('content-type')?.match(/^(image\/|application\/octet-stream)/i)) {
      const image = new Uint8Array(await c.req.arrayBuffer());
      return c.json(await answer({ image }, options, dependencies), 200);
    }
    // The type is that of all bodies together; the others have been dealt with.
    const { filter = {}, ...body } = c.req.valid('json') as z.infer<typeof SearchBody>;
    const more = Object.entries(filter).flatMap(([name, values]) =>
      [values].flat().map((value) => `${name}:${value}`),
    );
    const all = { ...options, filter: [...options.filter, ...more] };
    return c.json(await answer(subjectOf(body), all, dependencies), 200);
  };

export const similar =
  (dependencies: Dependencies): RouteHandler<typeof routes.similar> =>
  async (c) => {
    const { key } = c.req.valid('param');
    return c.json(await answer({ key }, c.req.valid('query'), dependencies), 200);
  };

function subjectOf({ queries, ...one }: z.infer<typeof SearchBody>): Subject {
  if (!queries) return singleOf(one);
  return { queries: queries.map(({ crop, weight, ...of }) => ({ of: singleOf(of), crop, weight })) };
}

function singleOf({ image, key, vector }: Omit<z.infer<typeof SearchBody>, 'queries'>): Single {
  if (image !== undefined) return { image: Buffer.from(image, 'base64') };
  if (key !== undefined) return { key };
  if (vector !== undefined) return { vector };
  // The schema lets no other JSON pass, but a request without any body does not meet it.
  throw new ApiProblem(
    'invalid-request',
    'Send a picture as the body with its content-type, or JSON: {"image": base64}, {"key": …}, {"vector": […]} or {"queries": […]}.',
  );
}

async function answer(
  subject: Subject,
  options: Options,
  dependencies: Dependencies,
): Promise<z.infer<typeof SearchAnswer>> {
  const { engine, embedder, defaultConsistency } = dependencies;
  const filter = filterOf(options);
  const started = performance.now();
  const query = timed(embeddingsOf(subject, options.crop, dependencies));
  // It is awaited below, when the index is there.
  query.catch(() => {});

  // Both look at all rows.
  const needs = options.centered || options.histogram ? 'all rows' : 'near rows';
  return engine.read(options.consistency ?? defaultConsistency, needs, async (reading) => {
    const { view }: { view: SearchView } = reading;
    const refreshMs = performance.now() - started;
    const { result: embeddings, ms: embedMs } = await query;
    const scan = await timed(
      options.centered && !reading.far
        ? dependencies.centered.read(reading.view, (space) =>
            found(subject, embeddings, options, filter, reading, space, dependencies),
          )
        : found(subject, embeddings, options, filter, reading, plain(view), dependencies),
    );
    const { results, searched, histogram } = scan.result;
    const stackedOn =
      options.stack === undefined
        ? undefined
        : await stacksOf(
            results.map(({ entry }) => entry.key),
            options.stack,
            view,
            () => readDecisions(dependencies.index),
          );
    return {
      results: fitting(
        await Promise.all(
          results.map(async ({ entry, score, copies }) => ({
            ...(await shown(pictureOf(entry), dependencies)),
            // Rounding can lift the product of two unit vectors a little above 1.
            score: Math.min(1, score),
            ...(copies !== undefined && { copies }),
            ...(stackedOn?.has(entry.key) && { stackedOn: stackedOn.get(entry.key)! }),
          })),
        ),
      ),
      ...(histogram && { histogram }),
      model: embedder.model.modelId,
      ...(embedder.model.synthetic && { synthetic: true as const }),
      searched,
      ...aboutEngine(reading),
      pending: view.pending,
      took: { embedMs: round(embedMs), refreshMs: round(refreshMs), scanMs: round(scan.ms) },
    };
  });
}

/** The embeddings as they are. */
const plain = (view: SearchView): CenteredView => ({
  of: (vector) => vector,
  async search(query, options) {
    const { found, searched } = await view.search([query], options);
    return { found: found[0]!, searched };
  },
});

/** The results in one space of embeddings. */
async function found(
  subject: Subject,
  embeddings: readonly (Float32Array | undefined)[],
  options: Options,
  filter: Filter,
  reading: Reading,
  space: CenteredView,
  dependencies: Dependencies,
) {
  const { view }: { view: SearchView } = reading;
  const queries = queriesOf(subject);
  const vectors = await Promise.all(
    queries.map(async ({ of }, q) =>
      space.of(embeddings[q] ?? (await indexedEmbedding((of as { key: string }).key, view, dependencies))),
    ),
  );
  const query =
    'queries' in subject
      ? weightedSum(
          vectors,
          queries.map(({ weight }) => weight),
        )
      : vectors[0]!;
  // The pictures that are searched by are no results.
  const asked = new Set(queries.flatMap(({ of }) => ('key' in of ? [of.key] : [])));
  let searched = 0;
  const find = async (k: number): Promise<Found[]> => {
    const wanted = Math.min(k + asked.size, SEARCH_LIMITS.maxK);
    const answer = await space.search(query, { k: wanted, minScore: options.minScore, filter });
    searched = answer.searched;
    return answer.found.filter(({ entry }) => !asked.has(entry.key)).slice(0, k);
  };
  const results: readonly (Found & { readonly copies?: number })[] = options.distinct
    ? await distinctResults(find, options.k, await copies(view, dependencies))
    : await find(options.k);
  const isAsked = await Promise.all([...asked].map((key) => view.find(key)));
  const compared = searched - isAsked.filter((entry) => entry && matches(filter, entry)).length;
  const histogram =
    options.histogram && !reading.far ? await histogramOf(query, reading.view, filter, space.of) : undefined;
  return { results, searched: compared, histogram };
}

async function copies(view: SearchView, { index, verdicts }: Dependencies) {
  const [decisions] = await Promise.all([readDecisions(index), verdicts.refresh()]);
  return copiesIn(view, verdicts, decisions);
}

const queriesOf = (subject: Subject): readonly Weighted[] =>
  'queries' in subject ? subject.queries : [{ of: subject, crop: undefined, weight: 1 }];

/** The unit vector along the weighted sum of several pictures' embeddings. */
function weightedSum(embeddings: readonly Float32Array[], weights: readonly number[]): Float32Array {
  const sum = new Array<number>(embeddings[0]!.length).fill(0);
  for (const [q, embedding] of embeddings.entries()) {
    for (const [at, component] of embedding.entries()) sum[at]! += weights[q]! * component;
  }
  return unit(sum);
}

/** The embeddings of what is searched for; `undefined` for those that the index has. */
async function embeddingsOf(
  subject: Subject,
  crop: Crop | undefined,
  dependencies: Dependencies,
): Promise<(Float32Array | undefined)[]> {
  if ('queries' in subject && crop)
    throw new ApiProblem('invalid-request', 'Several pictures are cropped each by its own `crop`.');
  return Promise.all(
    queriesOf(subject).map((query) => embeddingOf(query.of, query.crop ?? crop, dependencies)),
  );
}

/** The embedding of what is searched for; `undefined` when the index has it. */
async function embeddingOf(
  subject: Single,
  crop: Crop | undefined,
  dependencies: Dependencies,
): Promise<Float32Array | undefined> {
  if ('vector' in subject) {
    if (crop) throw new ApiProblem('invalid-request', 'An embedding cannot be cropped; send the picture.');
    const dimensions = dimensionsOf(dependencies.embedder.model.modelId);
    if (subject.vector.length !== dimensions)
      throw new ApiProblem('invalid-request', `A vector is an array of ${dimensions} finite numbers.`);
    return unit(subject.vector);
  }
  if ('key' in subject && !crop) return undefined;
  const bytes = 'image' in subject ? subject.image : await bytesOf(subject.key, dependencies);
  const [outcome] = await dependencies.embedder.embed([bytes], { urgent: true, ...(crop && { crop }) });
  if (!outcome?.embedding) throw outcome?.rejected ?? new Error('the embedder gave no outcome');
  return outcome.embedding;
}

/** The bytes of a picture in the bucket, whose size is looked at before anything is read. */
async function bytesOf(key: string, dependencies: Dependencies): Promise<Uint8Array> {
  const { pictures, engine } = dependencies;
  const missing = () =>
    engine.read('eventual', 'near rows', ({ view }) => notSearchable(key, view, dependencies));
  try {
    const found = await pictures.head(key);
    if (!found) throw new ObjectNotFound(key);
    if (found.size > PICTURE_LIMITS.maxBytesOfLargeKinds) throw tooManyBytes(found.size);
    // In the state that was measured, so that no larger one is read.
    return (await pictures.get(key, { ifMatch: found.eTag })).body;
  } catch (error) {
    if (error instanceof ObjectNotFound) throw await missing();
    if (error instanceof ObjectUnreadable) throw unreadable(error);
    if (error instanceof PreconditionFailed)
      throw new StoreUnavailable(`"${key}" was replaced while it was read`, { cause: error });
    throw error;
  }
}

async function indexedEmbedding(
  key: string,
  view: SearchView,
  dependencies: Dependencies,
): Promise<Float32Array> {
  const embedding = await view.embedding(key);
  if (!embedding) throw await notSearchable(key, view, dependencies);
  return embedding;
}

/** Scales an embedding to unit length. */
function unit(vector: readonly number[]): Float32Array {
  const length = Math.hypot(...vector);
  if (!Number.isFinite(length) || length === 0)
    throw new ApiProblem('invalid-request', 'The length of a vector is a finite number, and not 0.');
  return Float32Array.from(vector, (component) => component / length);
}

/** `name:value` conditions: of one name any value will do, of several names each must match. */
function filterOf({ prefix = '', filter, range }: Pick<Options, 'prefix' | 'filter' | 'range'>): Filter {
  const metadata = new Map<string, string[]>();
  for (const text of filter) {
    const colon = text.indexOf(':');
    const name = text.slice(0, colon).toLowerCase();
    const values = metadata.get(name);
    if (values) values.push(text.slice(colon + 1));
    else metadata.set(name, [text.slice(colon + 1)]);
  }
  const { maxFilterNames, maxFilterValues } = SEARCH_LIMITS;
  if (metadata.size > maxFilterNames || [...metadata.values()].some(({ length }) => length > maxFilterValues))
    throw new ApiProblem(
      'invalid-request',
      `A filter has at most ${maxFilterNames} names, and at most ${maxFilterValues} values for each.`,
    );
  return {
    prefix,
    condition: allOf([
      metadataCondition(Array.from(metadata, ([name, values]) => ({ name, values }))),
      rangeCondition(range),
    ]),
  };
}

async function timed<T>(work: Promise<T>): Promise<{ result: T; ms: number }> {
  const started = performance.now();
  const result = await work;
  return { result, ms: performance.now() - started };
}

const round = (ms: number): number => Math.round(ms * 100) / 100;
