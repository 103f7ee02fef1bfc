/** Everything that goes in and out of the HTTP API: one schema each, for checking, for types and for the document. */

import { z } from '@hono/zod-openapi';
import { PICTURE_LIMITS, SEARCH_LIMITS } from '../../core/limits.ts';
import { keyFromPath } from './key-path.ts';

const utf8 = new TextEncoder();

/** In a query string, `name=` means the same as no `name` at all. */
const unlessEmpty = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === '' ? undefined : value), schema);

const Key = z
  .string()
  .min(1)
  .refine((key) => utf8.encode(key).length <= SEARCH_LIMITS.maxKeyBytes, {
    error: `a key has at most ${SEARCH_LIMITS.maxKeyBytes} bytes of UTF-8`,
  })
  .openapi({ description: 'Object key of the picture.', example: 'beach/2024/sunset.jpg' });

const Metadata = z.record(z.string(), z.string()).openapi('Metadata', {
  description: "The picture's user metadata (`x-amz-meta-*`), names in lower case.",
  example: { album: 'holidays' },
});

const Vector = z
  .array(z.number())
  .openapi({ description: 'An embedding: 2,048 numbers. It is scaled to unit length.' });

/** `x,y,width,height` in fractions of the picture. */
const CropText = z
  .string()
  .regex(/^\d*\.?\d+(?:,\d*\.?\d+){3}$/, 'four fractions between 0 and 1: x,y,width,height')
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

/** Metadata name to the value, or the values of which one must match. Names in lower case. */
const Filter = z
  .record(
    z.string().min(1),
    z.union([z.string(), z.array(z.string()).min(1).max(SEARCH_LIMITS.maxFilterValues)]),
  )
  .openapi('Filter', { example: { album: ['holidays', 'weekend'] } });

const Consistency = z.enum(['strong', 'eventual']);

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
  consistency,
});

export const SearchQuery = SimilarQuery.extend({ crop: unlessEmpty(CropText.optional()) });

const SUBJECTS = ['image', 'key', 'vector'] as const;

/** What to search for, when it is not the body itself. */
export const SearchBody = z
  .strictObject({
    image: z.base64().min(1).optional().openapi({ description: 'The bytes of a picture, in base64.' }),
    key: Key.optional(),
    vector: Vector.optional(),
    filter: Filter.optional(),
  })
  .refine((body) => SUBJECTS.filter((subject) => body[subject] !== undefined).length === 1, {
    error: 'exactly one of image, key and vector',
  })
  .openapi('SearchBody', { oneOf: SUBJECTS.map((subject) => ({ required: [subject] })) });

const shown = {
  key: z.string(),
  url: z.string().openapi({ description: 'Where the picture can be fetched; on S3 it expires.' }),
  metadata: Metadata,
  lastModified: z.iso.datetime(),
  size: z.number().int().openapi({ description: 'Bytes.' }),
  contentType: z.string().optional(),
};

export const Result = z
  .object({
    ...shown,
    score: z.number().openapi({ description: 'Cosine similarity with the query: 1 is the same picture.' }),
  })
  .openapi('Result');

const synthetic = z.literal(true).optional().openapi({
  description:
    'Present when the model has random weights: near-duplicates are found, likeness of meaning is not.',
});

export const SearchAnswer = z
  .object({
    results: z.array(Result).openapi({ description: 'Best first.' }),
    model: z.string().openapi({ description: 'Id of the model that made the embeddings.' }),
    synthetic,
    searched: z.number().int().openapi({ description: 'Pictures that the query was compared with.' }),
    pending: z.number().int().openapi({
      description: 'Appends to the log that this answer does not take in; 0 unless the log is very long.',
    }),
    took: z.object({
      embedMs: z.number().openapi({ description: 'Turning the picture into an embedding.' }),
      refreshMs: z.number().openapi({ description: 'Looking for what is new, or loading the index.' }),
      scanMs: z.number().openapi({ description: 'Comparing the query with the pictures.' }),
    }),
  })
  .openapi('SearchAnswer');

export const ListQuery = z.object({ prefix, cursor, limit, consistency });

export const Picture = z.object(shown).openapi('Picture', { description: 'An indexed picture.' });

const nextCursor = z
  .string()
  .optional()
  .openapi({ description: 'Ask for the next page with this; absent on the last one.' });

export const PicturePage = z
  .object({
    items: z.array(Picture).openapi({ description: 'By key, in the order of its UTF-8 bytes.' }),
    total: z.number().int().openapi({ description: 'Indexed pictures under the prefix.' }),
    cursor: nextCursor,
  })
  .openapi('PicturePage');

export const Reason = z
  .object({
    code: z.string().openapi({ example: 'not-an-image' }),
    message: z.string().openapi({ description: 'What is wrong and what to do about it.' }),
  })
  .openapi('Reason');

/** A key that the bucket and the index know nothing of is a `picture-not-found` problem. */
export const PictureState = z
  .discriminatedUnion('state', [
    z
      .object({ state: z.literal('indexed'), ...Picture.shape })
      .openapi({ description: 'The index has the picture as it is in the bucket.' }),
    z
      .object({ state: z.literal('pending'), key: z.string() })
      .openapi({ description: 'Bucket and index differ: an upload or a deletion is on its way.' }),
    z
      .object({ state: z.literal('rejected'), key: z.string(), reason: Reason })
      .openapi({ description: 'The picture cannot be indexed.' }),
  ])
  .openapi('PictureState');

export const Deletion = z
  .object({ key: z.string(), state: z.literal('pending') })
  .openapi('Deletion', { description: 'The picture is deleted; the index follows within seconds.' });

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
    key: Key,
    contentType: z
      .string()
      .regex(/^image\/[\w.+-]+$/, 'a type of image, such as image/jpeg')
      .openapi({ example: 'image/jpeg' }),
    size: z.number().int().min(1).max(PICTURE_LIMITS.maxBytes).openapi({ description: 'Bytes.' }),
    metadata: UploadMetadata.optional(),
  })
  .openapi('UploadRequest');

export const UploadTarget = z
  .object({
    method: z.enum(['POST', 'PUT']),
    url: z.string(),
    fields: z
      .record(z.string(), z.string())
      .optional()
      .openapi({ description: 'POST: fields of a multipart form, to be sent before the field `file`.' }),
    headers: z
      .record(z.string(), z.string())
      .optional()
      .openapi({ description: 'PUT: headers to send with the bytes as the body.' }),
    expiresAt: z.iso.datetime(),
  })
  .openapi('UploadTarget');

export const RejectedQuery = z.object({ cursor, limit });

export const RejectedPage = z
  .object({
    items: z.array(z.object({ key: z.string(), reason: Reason, rejectedAt: z.iso.datetime() })),
    cursor: nextCursor,
  })
  .openapi('RejectedPage');

export const DuplicatesQuery = z.object({
  minScore: unlessEmpty(
    z.coerce
      .number()
      .min(0.5)
      .max(1)
      .default(0.97)
      .openapi({ description: 'How alike two pictures must be to count as the same.' }),
  ),
  prefix,
  cursor,
  limit,
});

export const DuplicatesPage = z
  .object({
    groups: z.array(
      z.object({
        pictures: z.array(Picture).min(2).openapi({ description: 'The largest file first.' }),
        minScore: z.number().openapi({
          description: 'Every picture of the group is at least this much like another one of it.',
        }),
      }),
    ),
    compared: z
      .number()
      .int()
      .openapi({ description: 'Pictures that were compared with all others for this page.' }),
    total: z.number().int().openapi({ description: 'Pictures there are to compare.' }),
    cursor: nextCursor,
  })
  .openapi('DuplicatesPage', {
    description:
      'A page may be empty and still have a cursor: it ends after some work, not after some groups.',
  });

const Model = z.object({
  id: z.string(),
  weights: z.string(),
  precision: z.enum(['fp32', 'int8']),
  synthetic: z.boolean(),
});

export const Stats = z
  .object({
    pictures: z.number().int().openapi({ description: 'Pictures that a search finds now.' }),
    model: Model,
    index: z.object({
      generation: z.number().int().openapi({ description: '0 before the first compaction.' }),
      rows: z.number().int(),
      deadRows: z.number().int().openapi({ description: 'Rows of replaced and deleted pictures.' }),
      committedAt: z.iso.datetime().optional(),
    }),
    log: z.object({
      appends: z.number().int().openapi({ description: 'Appends that no compaction has folded yet.' }),
      pending: z.number().int().openapi({ description: 'Of these, the ones beyond what a search takes in.' }),
    }),
    memory: z.object({
      bytes: z.number().int().openapi({ description: 'What the index takes in memory.' }),
      budgetBytes: z.number().int().openapi({ description: 'What it may take.' }),
    }),
    queue: z
      .object({
        waiting: z.number().int().openapi({ description: 'Events that wait or are at work.' }),
        failed: z.number().int().openapi({ description: 'Events in the dead-letter queue.' }),
      })
      .optional()
      .openapi({ description: 'Absent where the server cannot see the queue.' }),
  })
  .openapi('Stats');

export const Health = z.object({ status: z.literal('ok'), model: z.string(), synthetic }).openapi('Health');

export const PROBLEM_CODES = [
  'invalid-request',
  'unsupported-media-type',
  'body-too-large',
  'picture-rejected',
  'picture-not-found',
  'picture-not-searchable',
  'cursor-expired',
  'route-not-found',
  'index-too-large',
  'store-unavailable',
  'model-unusable',
  'internal-error',
] as const;

/** RFC 9457. `type` is `urn:likeness:problem:` and one of the codes; it never changes its meaning. */
export const Problem = z
  .object({
    type: z.string().openapi({ example: 'urn:likeness:problem:invalid-request' }),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().openapi({ description: 'What to do about it.' }),
    errors: z
      .array(z.object({ at: z.string(), message: z.string() }))
      .optional()
      .openapi({ description: 'invalid-request: each thing that is wrong and where.' }),
    reason: Reason.optional().openapi({ description: 'picture-rejected: why.' }),
    state: z
      .enum(['pending', 'rejected'])
      .optional()
      .openapi({ description: 'picture-not-searchable: why not.' }),
    requestId: z
      .string()
      .optional()
      .openapi({ description: 'internal-error: how the log calls this request.' }),
  })
  .openapi('Problem');
