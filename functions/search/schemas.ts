/** Everything that comes out of the HTTP API: one schema each, for types and for the document. */

import { z } from '@hono/zod-openapi';

const Metadata = z.record(z.string(), z.string()).openapi('Metadata', {
  description: "The picture's user metadata (`x-amz-meta-*`), names in lower case.",
  example: { album: 'holidays' },
});

/** What the header of a picture said, as far as lists show it. */
export const seen = {
  width: z.number().int().optional().openapi({
    description: 'Pixels, as seen. Absent, like all that follows, where the picture was indexed before 0.3.',
  }),
  height: z.number().int().optional(),
  taken: z.string().optional().openapi({
    description: "When it was taken, by the camera's clock: ISO 8601 without a zone.",
    example: '2024-07-31T18:04:12',
  }),
};

const shown = {
  key: z.string(),
  url: z.string().openapi({ description: 'Where the picture can be fetched; on S3 it expires.' }),
  metadata: Metadata,
  lastModified: z.iso.datetime(),
  size: z.number().int().openapi({ description: 'Bytes.' }),
  contentType: z.string().optional(),
  ...seen,
  camera: z.string().optional().openapi({ description: 'Maker and model, out of EXIF.' }),
  latitude: z.number().optional().openapi({ description: 'Degrees, north positive.' }),
  longitude: z.number().optional().openapi({ description: 'Degrees, east positive.' }),
  preview: z.literal(true).optional().openapi({
    description: "The file is a camera's RAW: indexed and shown is the JPEG that the camera put in it.",
  }),
};

export const Result = z
  .object({
    ...shown,
    score: z.number().openapi({ description: 'Cosine similarity with the query: 1 is the same picture.' }),
    copies: z.number().int().optional().openapi({
      description:
        'Results further down that are nearly copies of this one and were left out; only when `distinct` was asked for.',
    }),
    stackedOn: z.string().optional().openapi({
      description:
        'Key of a better result that this one is nearly a copy of; only when `stack` was asked for.',
    }),
  })
  .openapi('Result');

const synthetic = z.literal(true).optional().openapi({
  description:
    'Present when the model has random weights: near-duplicates are found, likeness of meaning is not.',
});

/** Which engine an answer is from, and how good that is. */
const engine = {
  engine: z.enum(['memory', 's3-vectors']).openapi({
    description:
      '`memory` compares with every picture; `s3-vectors` with those that Amazon S3 Vectors names.',
  }),
  exact: z.boolean().openapi({ description: 'Whether these are certainly the nearest pictures.' }),
  unreachable: z.number().int().optional().openapi({
    description: 'Pictures that are not in S3 Vectors yet, and too many to be compared one by one.',
  }),
  recall: z
    .object({
      k: z.number().int(),
      value: z.number().openapi({ description: 'Share of the truly nearest `k` that was found.' }),
      low: z.number(),
      high: z.number().openapi({ description: 'With `low`: the interval of 95 % confidence.' }),
      queries: z.number().int(),
      rows: z.number().int().openapi({ description: 'Rows among which they were looked for.' }),
      projected: z.number().int().openapi({ description: 'Rows in S3 Vectors then.' }),
      at: z.iso.datetime(),
    })
    .optional()
    .openapi({ description: 'As it was measured last.' }),
};

export const SearchAnswer = z
  .object({
    results: z.array(Result).openapi({ description: 'Best first.' }),
    model: z.string().openapi({ description: 'Id of the model that made the embeddings.' }),
    synthetic,
    searched: z.number().int().openapi({
      description:
        'Pictures that the query was compared with; with the engine `s3-vectors`, that it was looked for among, before any filter.',
    }),
    ...engine,
    pending: z.number().int().openapi({
      description: 'Appends to the log that this answer does not take in; 0 unless the log is very long.',
    }),
    histogram: z
      .object({
        counts: z.array(z.number().int()).openapi({
          description:
            'Pictures by score: the first of 50 counts is of scores below 0.02, the last of 0.98 and more.',
        }),
        estimated: z.boolean().openapi({ description: 'Whether the counts were estimated from a part.' }),
      })
      .optional(),
    took: z.object({
      embedMs: z.number().openapi({ description: 'Turning the picture into an embedding.' }),
      refreshMs: z.number().openapi({ description: 'Looking for what is new, or loading the index.' }),
      scanMs: z.number().openapi({ description: 'Comparing the query with the pictures.' }),
    }),
  })
  .openapi('SearchAnswer');

export const Picture = z.object(shown).openapi('Picture', { description: 'An indexed picture.' });

export const nextCursor = z
  .string()
  .optional()
  .openapi({ description: 'Ask for the next page with this; absent on the last one.' });

export const PicturePage = z
  .object({
    items: z.array(Picture).openapi({ description: 'In the order that was asked for.' }),
    total: z.number().int().openapi({ description: 'Indexed pictures that were asked for, on all pages.' }),
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
  .object({
    key: z.string(),
    state: z.literal('pending'),
    restorable: z.boolean().openapi({
      description: 'Whether POST /v1/trash/restore brings it back; false when the deletion is final.',
    }),
  })
  .openapi('Deletion', { description: 'The picture is deleted; the index follows within seconds.' });

const kept = z.boolean().openapi({
  description:
    'Whether deleted pictures can be had back. false: the bucket has no versions, a deletion is final.',
});

export const TrashItem = z
  .object({
    id: z.string().openapi({ description: 'Names this deletion; a key may be in the trash several times.' }),
    key: z.string(),
    size: z.number().int().openapi({ description: 'Bytes.' }),
    contentType: z.string().optional(),
    ...seen,
    width: seen.width.openapi({
      description:
        'Pixels, as seen. Absent, like height and taken, where the index did not know the picture, or does not any more.',
    }),
    deletedAt: z.iso.datetime(),
  })
  .openapi('TrashItem', { description: 'A picture that was deleted, or replaced by another one.' });

export const TrashPage = z
  .object({
    kept,
    keptDays: z.number().int().optional().openapi({
      description: 'Days after which a deleted picture goes for good by itself; absent when none does.',
    }),
    items: z.array(TrashItem).openapi({
      description:
        'On one machine the last deletion first, in a bucket by key; may be empty though a cursor says that more follow.',
    }),
    cursor: nextCursor,
  })
  .openapi('TrashPage');

export const Restored = z
  .object({
    results: z.array(
      z.object({
        key: z.string().optional().openapi({ description: 'Left out where the answer would be too long.' }),
        restored: z.boolean(),
        reason: z.string().optional().openapi({ description: 'Why not, and what to do.' }),
      }),
    ),
  })
  .openapi('Restored', { description: 'Restored pictures are indexed again within seconds.' });

export const Emptied = z
  .object({
    pictures: z.number().int(),
    bytes: z.number().int().openapi({ description: 'Bytes that were freed.' }),
  })
  .openapi('Emptied');

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

export const RejectedPage = z
  .object({
    items: z.array(z.object({ key: z.string(), reason: Reason, rejectedAt: z.iso.datetime() })),
    cursor: nextCursor,
  })
  .openapi('RejectedPage');

const Tier = z.enum(['identical', 'same', 'likely', 'alike']).openapi({
  description:
    'identical: the same bytes. same: the same picture by its pixels, but for size, crop, turn, colours or compression. likely: probably the same, with something on it or in other light, or else a variant; to be looked at. alike: near in the model only; nothing to delete by.',
});

const DuplicatePicture = z
  .object({
    ...shown,
    width: z.number().int().optional().openapi({ description: 'Pixels, as the picture is seen.' }),
    height: z.number().int().optional(),
    tier: Tier.openapi({
      description: 'How the picture goes with the keeper; the keeper has that of the group.',
    }),
    finer: z.literal(true).optional().openapi({
      description: 'Shows what both have larger than the keeper, and so is not offered for deletion.',
    }),
    protected: z.boolean().openapi({ description: 'In a folder from which nothing is to be deleted.' }),
    eTag: z.string().openapi({
      description: 'Which bytes were compared; a deletion that gives it deletes no others.',
    }),
  })
  .openapi('DuplicatePicture');

export const DuplicateGroup = z
  .object({
    tier: Tier.openapi({ description: 'The weakest of the pictures.' }),
    keeper: z.string().optional().openapi({
      description: 'Key of the picture to keep: the first one. Absent for tier alike.',
    }),
    reason: z.string().optional().openapi({
      description: 'Why that one, in a few words.',
      example: '6000 x 4000',
    }),
    pictures: z.array(DuplicatePicture).min(2).openapi({ description: 'The keeper first.' }),
    deletable: z.array(z.string()).openapi({
      description:
        'Keys that can go: all but the keeper, what is protected and what is finer. Empty when tier likely or alike was asked for.',
    }),
    freesBytes: z.number().int().openapi({ description: 'Bytes that are free when these are gone.' }),
    part: z
      .object({ number: z.number().int(), of: z.number().int() })
      .optional()
      .openapi({ description: 'A very large group comes in parts, each with the keeper.' }),
    minScore: z.number().openapi({
      description: 'Every picture of the group is at least this much like another one of it, by the model.',
    }),
  })
  .openapi('DuplicateGroup');

export const DuplicatesPage = z
  .object({
    groups: z.array(DuplicateGroup),
    compared: z
      .number()
      .int()
      .openapi({ description: 'Pictures that were compared with all others for this page.' }),
    total: z.number().int().openapi({ description: 'Pictures there are to compare.' }),
    unread: z.number().int().optional().openapi({
      description:
        'Pictures that are still to be read before the comparison begins; absent when all have been read, as always but for the first time in the cloud.',
    }),
    cursor: nextCursor,
  })
  .openapi('DuplicatesPage', {
    description:
      'A page may be empty and still have a cursor: it ends after some work, not after some groups.',
  });

export const NotDuplicatesAnswer = z
  .object({
    keys: z.array(z.string()),
    remembered: z.boolean().openapi({ description: 'false when it was taken back.' }),
  })
  .openapi('NotDuplicatesAnswer');

export const Decisions = z
  .object({
    protected: z
      .array(z.string())
      .openapi({ description: 'Folders (prefixes of keys) to delete nothing from.' }),
    preferred: z.array(z.string()).openapi({ description: 'Folders (prefixes of keys) to keep from first.' }),
    notDuplicates: z.array(z.array(z.string())).openapi({
      description: 'Sets of keys of which no two are the same picture, whatever their pixels say.',
    }),
    cursor: nextCursor,
  })
  .openapi('Decisions');

const Model = z.object({
  id: z.string(),
  weights: z.string(),
  precision: z.enum(['fp32', 'int8']),
  synthetic: z.boolean(),
});

const allows = z
  .object({ uploads: z.boolean(), deletes: z.boolean() })
  .openapi({ description: 'What may be done to the pictures; what may not is answered with `not-allowed`.' });

export const Stats = z
  .object({
    allows,
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
    ...engine,
    memory: z.object({
      bytes: z.number().int().openapi({ description: 'What the index takes in memory.' }),
      budgetBytes: z.number().int().openapi({ description: 'What it may take.' }),
    }),
    queue: z
      .object({
        waiting: z.number().int().openapi({ description: 'Events that wait or are at work.' }),
        failed: z.number().int().openapi({
          description:
            'Events in the dead-letter queue; on one machine, those that failed and are tried again.',
        }),
      })
      .optional()
      .openapi({ description: 'Absent where the server cannot see the queue.' }),
    indexing: z
      .object({
        done: z.number().int().openapi({ description: 'Changes taken in since the queue was last empty.' }),
        total: z.number().int().openapi({ description: 'Those, and the ones that are still to be.' }),
        perSecond: z.number().openapi({ description: 'Over the last half minute.' }),
      })
      .optional()
      .openapi({ description: 'There while a server on one machine takes in changes.' }),
    backfill: z
      .object({
        state: z.enum(['running', 'succeeded', 'failed', 'stopped']),
        startedAt: z.iso.datetime(),
        endedAt: z.iso.datetime().optional(),
        compared: z.number().int().openapi({ description: 'Objects of the bucket that were compared.' }),
        failed: z.number().int().openapi({ description: 'Objects that were not; redriving compares them.' }),
        listed: z.number().int().openapi({ description: 'Objects that were listed so far, these included.' }),
      })
      .optional()
      .openapi({ description: 'The last backfill in the cloud, where there was one.' }),
  })
  .openapi('Stats');

export const Health = z
  .object({
    status: z.enum(['ok', 'degraded']).openapi({
      description:
        '`degraded`: it answers, and something that `reasons` names keeps it from all it should do.',
    }),
    model: z.string(),
    synthetic,
    allows,
    reasons: z
      .array(Reason)
      .optional()
      .openapi({ description: 'degraded: what is wrong, and what to do about each.' }),
  })
  .openapi('Health');

export const PROBLEM_CODES = [
  'invalid-request',
  'unsupported-media-type',
  'body-too-large',
  'picture-rejected',
  'picture-not-found',
  'picture-not-searchable',
  'cursor-expired',
  'not-allowed',
  'trash-keeps-itself',
  'picture-changed',
  'route-not-found',
  'index-loading',
  'index-too-large',
  'index-unusable',
  'picture-not-decoded',
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
    loading: z
      .object({ doneBytes: z.number().int(), totalBytes: z.number().int() })
      .optional()
      .openapi({ description: 'index-loading: how much of the index is in memory.' }),
  })
  .openapi('Problem');
