/** Searching: by the bytes of a picture, by the key of an indexed one, or by an embedding. */

import type { RouteHandler, z } from '@hono/zod-openapi';
import { metadataCondition } from '../../pictures/attributes.ts';
import { DIMENSIONS } from '../../pictures/dimensions.ts';
import type { Crop } from '../../pictures/embedding/embedder.ts';
import type { Filter } from '../../vectorlog/read/filter.ts';
import type { LiveIndex } from '../../vectorlog/read/live-index.ts';
import type { View } from '../../vectorlog/read/view.ts';
import { ObjectNotFound } from '../../vectorlog/store/errors.ts';
import type { SearchDependencies } from './dependencies.ts';
import { notSearchable, shown } from './pictures.ts';
import { ApiProblem } from './problems.ts';
import type { SearchBody, SearchQuery } from './requests.ts';
import type * as routes from './routes.ts';
import type { SearchAnswer } from './schemas.ts';

type Dependencies = SearchDependencies & { readonly live: LiveIndex };
type Options = z.infer<typeof SearchQuery>;

/** What to search for. */
type Subject =
  | { readonly image: Uint8Array }
  | { readonly key: string }
  | { readonly vector: readonly number[] };

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

function subjectOf({ image, key, vector }: z.infer<typeof SearchBody>): Subject {
  if (image !== undefined) return { image: Buffer.from(image, 'base64') };
  if (key !== undefined) return { key };
  if (vector !== undefined) return { vector };
  // The schema lets no other JSON pass, but a request without any body does not meet it.
  throw new ApiProblem(
    'invalid-request',
    'Send a picture as the body with its content-type, or JSON: {"image": base64}, {"key": …} or {"vector": […]}.',
  );
}

async function answer(
  subject: Subject,
  options: Options,
  dependencies: Dependencies,
): Promise<z.infer<typeof SearchAnswer>> {
  const { live, embedder, defaultConsistency } = dependencies;
  const started = performance.now();
  const query = timed(embeddingOf(subject, options.crop, dependencies));
  // It is awaited below, when the index is there.
  query.catch(() => {});

  return live.read(options.consistency ?? defaultConsistency, async (view) => {
    const refreshMs = performance.now() - started;
    const { result: embedding, ms: embedMs } = await query;
    const key = 'key' in subject ? subject.key : undefined;
    const scan = await timed(
      (async () =>
        view.search([embedding ?? (await indexedEmbedding(key!, view, dependencies))], {
          k: options.k,
          minScore: options.minScore,
          filter: filterOf(options),
          except: key,
        }))(),
    );
    const { found, searched } = scan.result;
    return {
      results: await Promise.all(
        found[0]!.map(async ({ entry, score }) => ({
          ...(await shown(entry, dependencies)),
          // Rounding can lift the product of two unit vectors a little above 1.
          score: Math.min(1, score),
        })),
      ),
      model: embedder.model.modelId,
      ...(embedder.model.synthetic && { synthetic: true as const }),
      searched,
      pending: view.pending,
      took: { embedMs: round(embedMs), refreshMs: round(refreshMs), scanMs: round(scan.ms) },
    };
  });
}

/** The embedding of what is searched for; `undefined` when the index has it. */
async function embeddingOf(
  subject: Subject,
  crop: Crop | undefined,
  dependencies: Dependencies,
): Promise<Float32Array | undefined> {
  if ('vector' in subject) {
    if (crop) throw new ApiProblem('invalid-request', 'An embedding cannot be cropped; send the picture.');
    return unit(subject.vector);
  }
  if ('key' in subject && !crop) return undefined;
  const bytes = 'image' in subject ? subject.image : await bytesOf(subject.key, dependencies);
  const [outcome] = await dependencies.embedder.embed([bytes], crop && { crop });
  if (!outcome?.embedding) throw outcome?.rejected ?? new Error('the embedder gave no outcome');
  return outcome.embedding;
}

async function bytesOf(key: string, { pictures, live, ...rest }: Dependencies): Promise<Uint8Array> {
  try {
    return (await pictures.get(key)).body;
  } catch (error) {
    if (!(error instanceof ObjectNotFound)) throw error;
    throw await live.read('eventual', (view) => notSearchable(key, view, { pictures, live, ...rest }));
  }
}

async function indexedEmbedding(key: string, view: View, dependencies: Dependencies): Promise<Float32Array> {
  const embedding = await view.embedding(key);
  if (!embedding) throw await notSearchable(key, view, dependencies);
  return embedding;
}

/** Scales an embedding to unit length. */
function unit(vector: readonly number[]): Float32Array {
  const length = Math.hypot(...vector);
  if (vector.length !== DIMENSIONS || !Number.isFinite(length) || length === 0) {
    throw new ApiProblem('invalid-request', `A vector is ${DIMENSIONS} finite numbers that are not all 0.`);
  }
  return Float32Array.from(vector, (component) => component / length);
}

/** `name:value` conditions: of one name any value will do, of several names each must match. */
function filterOf({ prefix = '', filter }: Pick<Options, 'prefix' | 'filter'>): Filter {
  const metadata = new Map<string, string[]>();
  for (const text of filter) {
    const colon = text.indexOf(':');
    const name = text.slice(0, colon).toLowerCase();
    metadata.set(name, [...(metadata.get(name) ?? []), text.slice(colon + 1)]);
  }
  return {
    prefix,
    condition: metadataCondition(Array.from(metadata, ([name, values]) => ({ name, values }))),
  };
}

async function timed<T>(work: Promise<T>): Promise<{ result: T; ms: number }> {
  const started = performance.now();
  const result = await work;
  return { result, ms: performance.now() - started };
}

const round = (ms: number): number => Math.round(ms * 100) / 100;
