/** Everything that goes into the HTTP API: one schema each, for checking, for types and for the document. */

import { z } from '@hono/zod-openapi';
import { PICTURE_LIMITS } from '../../pictures/decoding/limits.ts';
import { KEEP_RULES } from '../../pictures/duplicates/keeper.ts';
import { keyFromPath } from './key-path.ts';
import { SEARCH_LIMITS } from './limits.ts';
import { RangeText } from './range-text.ts';

const utf8 = new TextEncoder();

/** In a query string, `name=` means the same as no `name` at all. */
const unlessEmpty = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === '' ? undefined : value), schema);

const Key = z
  .string()
  .min(1)
  .refine((key) => !/\p{Surrogate}/u.test(key), { error: 'a key is well-formed Unicode', abort: true })
  .refine((key) => utf8.encode(key).length <= SEARCH_LIMITS.maxKeyBytes, {
    error: `a key has at most ${SEARCH_LIMITS.maxKeyBytes} bytes of UTF-8`,
  })
  .openapi({ description: 'Object key of the picture.', example: 'beach/2024/sunset.jpg' });

const Vector = z
  .any()
  .superRefine((vector, context) => {
    // The length first: a body has room for millions of elements, each with an error of its own.
    if (
      !Array.isArray(vector) ||
      vector.length > SEARCH_LIMITS.maxDimensions ||
      !vector.every(Number.isFinite)
    )
      context.addIssue('a vector is an array of as many finite numbers as the model has');
  })
  .transform((vector) => vector as number[])
  .openapi({
    type: 'array',
    items: { type: 'number' },
    minItems: 1,
    maxItems: SEARCH_LIMITS.maxDimensions,
    description: 'An embedding: 2,048 numbers, or as many as the model has. It is scaled to unit length.',
  });

/** `x,y,width,height` in fractions of the picture. */
const CropText = z
  .string()
  .max(SEARCH_LIMITS.maxCropLength)
  .regex(
    /^(?:\d+(?:\.\d+)?|\.\d+)(?:,(?:\d+(?:\.\d+)?|\.\d+)){3}$/,
    'four fractions between 0 and 1: x,y,width,height',
  )
  .transform((text) => {
    const [x, y, width, height] = text.split(',').map(Number) as [number, number, number, number];
    return { x, y, width, height };
  })
  .refine(
    ({ x, y, width, height }) => width > 0 && height > 0 && x + width <= 1 + 1e-6 && y + height <= 1 + 1e-6,
    { error: 'the box must have an area and lie inside the picture' },
  )
  .openapi({
    type: 'string',
    description: 'Search for this part of the picture: x,y,width,height in fractions, after EXIF rotation.',
    example: '0.25,0.25,0.5,0.5',
  });

const FilterText = z
  .string()
  .regex(/^[^:]+:/, 'name:value')
  .openapi({ example: 'album:holidays' });

const { maxFilterNames, maxFilterValues } = SEARCH_LIMITS;

/** Metadata name to the value, or the values of which one must match. Names in lower case. */
const Filter = z
  .any()
  .superRefine((filter, context) => {
    const fault = faultOfFilter(filter);
    if (fault) context.addIssue(fault);
  })
  .transform((filter) => filter as Record<string, string | string[]>)
  .openapi('Filter', {
    type: 'object',
    maxProperties: maxFilterNames,
    additionalProperties: {
      oneOf: [
        { type: 'string' },
        { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: maxFilterValues },
      ],
    },
    example: { album: ['holidays', 'weekend'] },
  });

/** What is wrong with a filter. Counts come first, for a body has room for a million names or values. */
function faultOfFilter(filter: unknown): string | undefined {
  if (typeof filter !== 'object' || filter === null || Array.isArray(filter)) return 'names and values';
  const entries = Object.entries(filter);
  if (entries.length > maxFilterNames) return `a filter has at most ${maxFilterNames} names`;
  for (const [name, values] of entries) {
    const all = [values].flat();
    if (name === '') return 'a name is not empty';
    if (all.length === 0 || all.length > maxFilterValues) return `a name has 1 to ${maxFilterValues} values`;
    if (!all.every((value) => typeof value === 'string')) return 'values are text';
  }
  return undefined;
}

const Consistency = z.enum(['strong', 'eventual']);

/** A parameter that is on when it says `true`, and off when it is left out. */
const flag = (description: string) =>
  unlessEmpty(
    z
      .enum(['true', 'false'])
      .optional()
      .transform((text) => text === 'true')
      .openapi({ type: 'boolean', description }),
  );

const prefix = unlessEmpty(
  z.string().optional().openapi({ description: 'Only pictures whose key begins with this.' }),
);
const cursor = unlessEmpty(
  z.string().optional().openapi({ description: 'Where the page before ended, as its `cursor` said.' }),
);
const limit = unlessEmpty(
  z.coerce
    .number()
    .int()
    .min(1)
    .max(SEARCH_LIMITS.maxPage)
    .default(SEARCH_LIMITS.defaultPage)
    .openapi({ description: 'Items on a page.' }),
);
const consistency = unlessEmpty(
  Consistency.optional().openapi({
    description:
      'strong: includes every acknowledged upload. eventual: answers from memory and asks the store nothing.',
  }),
);

export const KeyParams = z.object({
  key: z
    .string()
    .transform((text, context) => {
      const key = keyFromPath(text);
      if (key !== undefined) return key;
      context.addIssue('what follows ~ must be the base64url of a key in UTF-8');
      return z.NEVER;
    })
    .pipe(Key)
    .openapi({
      type: 'string',
      param: { name: 'key', in: 'path' },
      description:
        'The key, with its slashes; or, for any character at all, `~` and the base64url of the key.',
      example: 'beach/2024/sunset.jpg',
    }),
});

export const DeletionQuery = z
  .object({
    eTag: unlessEmpty(
      z.string().optional().openapi({
        description: 'Deletes only while the picture is this one: its `eTag`, as GET /v1/duplicates says it.',
      }),
    ),
    copyOf: unlessEmpty(
      Key.optional().openapi({
        description: 'Key of the picture that stays: deletes only while that one is what `copyOfETag` says.',
      }),
    ),
    copyOfETag: unlessEmpty(
      z.string().optional().openapi({ description: 'The `eTag` of the picture that stays.' }),
    ),
  })
  .refine(({ copyOf, copyOfETag }) => (copyOf === undefined) === (copyOfETag === undefined), {
    error: 'copyOf and copyOfETag go together',
  });

export const SimilarQuery = z.object({
  k: unlessEmpty(
    z.coerce
      .number()
      .int()
      .min(1)
      .max(SEARCH_LIMITS.maxK)
      .default(SEARCH_LIMITS.defaultK)
      .openapi({ description: 'How many results.' }),
  ),
  minScore: unlessEmpty(
    z.coerce
      .number()
      .min(-1)
      .max(1)
      .optional()
      .openapi({ description: 'Only results that score at least this (cosine similarity).' }),
  ),
  prefix,
  filter: z
    .union([FilterText, z.array(FilterText)])
    .optional()
    .transform((texts) => (texts === undefined ? [] : [texts].flat()))
    .openapi({
      type: 'array',
      items: { type: 'string' },
      description:
        'Only pictures with this metadata, as name:value. Repeat it: of one name any value will do, of several names each must match.',
      example: ['album:holidays', 'album:weekend', 'rating:5'],
    }),
  range: z
    .union([RangeText, z.array(RangeText).max(SEARCH_LIMITS.maxRanges)])
    .optional()
    .transform((ranges) => (ranges === undefined ? [] : [ranges].flat()))
    .openapi({
      type: 'array',
      items: { type: 'string' },
      description:
        'Only pictures in these ranges, as name:min..max; both ends belong to it and one may be missing. Names: size (bytes), width, height (pixels), taken, lastModified (ISO 8601 or its beginning: up to 2024-07 takes in the whole of July).',
      example: ['width:1920..', 'taken:2024-07..2024-08'],
    }),
  centered: flag(
    'Compare what sets pictures apart from the rest of the library: the roots of the embeddings, less their mean. Scores are lower, and of another scale.',
  ),
  distinct: flag('Leave out results that are nearly copies of a better one, which counts them in `copies`.'),
  histogram: flag('Count all pictures by their score as well.'),
  stack: unlessEmpty(
    z.coerce.number().min(0.5).max(1).optional().openapi({
      description:
        'Say of each result which better one it is at least this much like (`stackedOn`): copies of one picture can then be shown as one.',
    }),
  ),
  consistency,
});

export const SearchQuery = SimilarQuery.extend({ crop: unlessEmpty(CropText.optional()) });

const SUBJECTS = ['image', 'key', 'vector', 'queries'] as const;

/** One of several pictures that are searched by together. */
const WeightedQuery = z
  .strictObject({
    image: z.base64().min(1).optional().openapi({ description: 'The bytes of a picture, in base64.' }),
    key: Key.optional(),
    vector: Vector.optional(),
    crop: CropText.optional(),
    weight: z
      .number()
      .min(-1)
      .max(1)
      .default(1)
      .openapi({ description: 'How much it counts; less than 0 asks for what is not like it.' }),
  })
  .refine(
    ({ image, key, vector }) => [image, key, vector].filter((each) => each !== undefined).length === 1,
    {
      error: 'exactly one of image, key and vector',
    },
  )
  .openapi('WeightedQuery');

/** What to search for, when it is not the body itself. */
export const SearchBody = z
  .strictObject({
    image: z.base64().min(1).optional().openapi({ description: 'The bytes of a picture, in base64.' }),
    key: Key.optional(),
    vector: Vector.optional(),
    queries: z
      .array(WeightedQuery)
      .min(1)
      .max(SEARCH_LIMITS.maxQueries)
      .refine((queries) => queries.some(({ weight }) => weight > 0), {
        error: 'one of them needs a weight above 0',
      })
      .optional()
      .openapi({ description: 'Several at once: the search goes by the weighted sum of their embeddings.' }),
    filter: Filter.optional(),
  })
  .refine((body) => SUBJECTS.filter((subject) => body[subject] !== undefined).length === 1, {
    error: 'exactly one of image, key, vector and queries',
  })
  .openapi('SearchBody', { oneOf: SUBJECTS.map((subject) => ({ required: [subject] })) });

const find = unlessEmpty(
  z
    .string()
    .max(SEARCH_LIMITS.maxKeyBytes)
    .optional()
    .openapi({ description: 'Only keys that contain this, in upper or lower case, wherever it stands.' }),
);

export const ORDERS = ['key', 'newest', 'oldest', 'taken', 'name', 'largest'] as const;

export const ListQuery = z.object({
  prefix,
  find,
  order: unlessEmpty(
    z.enum(ORDERS).default('key').openapi({
      description:
        'key: by the bytes of the key. newest, oldest: by when it was last changed. taken: by when the photo was taken, the latest first, those without a date last. name: by the last part of the key, numbers by their value. largest: by bytes.',
    }),
  ),
  cursor,
  limit,
  consistency,
});

export const FoldersQuery = z.object({ prefix, find, cursor, limit, consistency });

export const SampleQuery = z.object({
  prefix,
  limit: unlessEmpty(
    z.coerce
      .number()
      .int()
      .min(1)
      .max(SEARCH_LIMITS.maxSample)
      .default(SEARCH_LIMITS.defaultSample)
      .openapi({ description: 'How many pictures.' }),
  ),
  seed: unlessEmpty(
    z.string().max(64).default('').openapi({ description: 'Another text gives another sample.' }),
  ),
  consistency,
});

export const PrefixQuery = z.object({ prefix, consistency });

export const RejectedQuery = z.object({ cursor, limit });

export const StatesRequest = z
  .strictObject({ keys: z.array(Key).min(1).max(SEARCH_LIMITS.maxStates) })
  .openapi('StatesRequest');

export const TrashQuery = z.object({ cursor, limit });

export const DecisionsQuery = z.object({ cursor });

export const RestoreRequest = z
  .strictObject({
    ids: z
      .array(z.string())
      .max(SEARCH_LIMITS.maxPage)
      .optional()
      .openapi({ description: 'Deletions, by id.' }),
    keys: z.array(Key).max(SEARCH_LIMITS.maxPage).optional().openapi({
      description: 'Keys, of which each gets back what was deleted last: an undo.',
    }),
  })
  .refine(({ ids = [], keys = [] }) => ids.length + keys.length > 0, { error: 'ids or keys' })
  .openapi('RestoreRequest');

export const EmptyTrash = z
  .union([
    z.strictObject({ ids: z.array(z.string()).min(1).max(SEARCH_LIMITS.maxPage) }),
    z.strictObject({ before: z.iso.datetime().openapi({ description: 'What was deleted before this.' }) }),
    z.strictObject({ all: z.literal(true) }),
  ])
  .transform((which): { ids?: string[]; before?: string } => ('all' in which ? {} : which))
  .openapi('EmptyTrash', {
    description: 'Which pictures go for good. It must be said: no request empties all by mistake.',
  });

const folders = (description: string) =>
  z
    .union([z.string(), z.array(z.string()).max(SEARCH_LIMITS.maxPage)])
    .optional()
    // An empty one would be a prefix of every key.
    .transform((names) => (names === undefined ? [] : [names].flat().filter((name) => name !== '')))
    .openapi({ type: 'array', items: { type: 'string' }, description });

export const DuplicatesQuery = z.object({
  tier: unlessEmpty(
    z.enum(['identical', 'same', 'likely', 'alike']).default('same').openapi({
      description:
        'identical: the same bytes only. same: these, and what is the same picture by its pixels. likely: groups with what is probably the same, to be looked at; none of it is offered for deletion. alike: what is near in the model, never to be deleted by.',
    }),
  ),
  minScore: unlessEmpty(
    z.coerce.number().min(0.5).max(1).default(0.97).openapi({
      description: 'Only for tier alike: how alike two pictures must be.',
    }),
  ),
  keep: unlessEmpty(
    z.enum(KEEP_RULES).default('best').openapi({
      description:
        'Which one of a group stays, where no folder decides. best: most pixels, then the least compressed. oldest: by the date taken, then the file. largest: most bytes.',
    }),
  ),
  prefer: folders('Folders (prefixes of keys) to keep from first, in place of those that are remembered.'),
  protect: folders('Folders (prefixes of keys) to delete nothing from, besides those that are remembered.'),
  prefix,
  cursor,
  limit,
});

/** Decisions come together in an answer, so that none may fill one. */
const isShort = (value: unknown): boolean =>
  utf8.encode(JSON.stringify(value)).length <= SEARCH_LIMITS.maxDecisionBytes;
const TOO_LONG = { error: `at most ${SEARCH_LIMITS.maxDecisionBytes} bytes together` };

const Folders = z.array(z.string().min(1)).max(SEARCH_LIMITS.maxPage);

export const FolderWishes = z
  .strictObject({
    protected: Folders.openapi({ description: 'Folders (prefixes of keys) to delete nothing from.' }),
    preferred: Folders.openapi({ description: 'Folders (prefixes of keys) to keep from first.' }),
  })
  .refine(isShort, TOO_LONG)
  .openapi('FolderWishes');

export const NotDuplicates = z
  .strictObject({
    keys: z.array(Key).min(2).max(SEARCH_LIMITS.maxPage),
    undo: z.boolean().optional().openapi({ description: 'Takes it back, for exactly these keys.' }),
  })
  .refine(isShort, TOO_LONG)
  .openapi('NotDuplicates', { description: 'No two of these are the same picture.' });

export const ThumbnailsRequest = z
  .strictObject({ keys: z.array(Key).min(1).max(SEARCH_LIMITS.maxThumbnails) })
  .openapi('ThumbnailsRequest');

/** S3 keeps metadata in headers, so it is narrow: lower-case names, printable ASCII values, 2 KB in all. */
const UploadMetadata = z
  .record(
    z.string().regex(/^[a-z0-9][a-z0-9._-]*$/),
    z.string().regex(/^[\x20-\x7e]*$/, 'printable ASCII only'),
  )
  .refine((metadata) => Object.entries(metadata).flat().join('').length <= SEARCH_LIMITS.maxMetadataBytes, {
    error: `names and values have at most ${SEARCH_LIMITS.maxMetadataBytes} bytes together`,
  });

export const UploadRequest = z
  .strictObject({
    // A form of S3's puts the file's name there, and would so be good for any key.
    key: Key.refine((key) => !/\$\{filename\}/.test(key), {
      error: 'a key holds no placeholder of S3 forms',
    }),
    contentType: z
      .string()
      .regex(/^image\/[\w.+-]+$/, 'a type of image, such as image/jpeg')
      .openapi({ example: 'image/jpeg' }),
    size: z.number().int().min(1).max(PICTURE_LIMITS.maxBytesOfLargeKinds).openapi({ description: 'Bytes.' }),
    metadata: UploadMetadata.optional(),
  })
  .openapi('UploadRequest');
