/** Every error of the API as a problem document (RFC 9457) whose `detail` says what to do. */

import type { z } from '@hono/zod-openapi';
import { HTTPException } from 'hono/http-exception';
import { DecodingFailed, PictureRejected } from '../../pictures/decoding/errors.ts';
import { ModelUnusable } from '../../pictures/embedding/embedder.ts';
import { TrashKeepsItself } from '../../pictures/trash/trash.ts';
import { IndexDamaged, IndexForeign } from '../../vectorlog/commit/errors.ts';
import { LikenessError } from '../../vectorlog/errors.ts';
import { FarUnavailable } from '../../vectorlog/far/far-index.ts';
import { CenteredTooLarge, IndexLoading, IndexTooLarge } from '../../vectorlog/read/errors.ts';
import { RESERVED_BYTES } from '../../vectorlog/read/memory.ts';
import { QueryInvalid } from '../../vectorlog/scan/errors.ts';
import {
  KeyInvalid,
  ObjectOutOfReach,
  StoreUnavailable,
  StoreUnsuitable,
} from '../../vectorlog/store/errors.ts';
import type { PROBLEM_CODES, Problem } from './schemas.ts';

type ProblemCode = (typeof PROBLEM_CODES)[number];
type ProblemDocument = z.infer<typeof Problem>;

const KINDS: Readonly<Record<ProblemCode, { readonly status: number; readonly title: string }>> = {
  'invalid-request': { status: 400, title: 'The request is not valid' },
  'not-allowed': { status: 403, title: 'The server does not do this' },
  'route-not-found': { status: 404, title: 'There is nothing at this address' },
  'picture-not-found': { status: 404, title: 'There is no such picture' },
  'picture-not-searchable': { status: 404, title: 'The picture is not in the index' },
  'cursor-expired': { status: 410, title: 'The cursor is of another time' },
  'trash-keeps-itself': { status: 409, title: 'The bucket decides when old versions go' },
  'picture-changed': { status: 412, title: 'The picture is another one now' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The type of the body is not understood' },
  'picture-rejected': { status: 422, title: 'The picture cannot be used' },
  'internal-error': { status: 500, title: 'Something went wrong here' },
  'model-unusable': { status: 500, title: 'The model cannot be used' },
  'picture-not-decoded': { status: 503, title: 'The picture could not be decoded now' },
  'store-unavailable': { status: 503, title: 'The store did not answer' },
  'index-loading': { status: 503, title: 'The index is being loaded' },
  'index-unusable': { status: 503, title: 'The index cannot be read' },
  'index-too-large': { status: 507, title: 'The index does not fit in memory' },
};

/** An error that is an answer already. */
export class ApiProblem extends LikenessError {
  readonly retryable = false;
  readonly document: ProblemDocument;

  /** @param detail for the caller: what to do about it */
  constructor(
    code: ProblemCode,
    detail: string,
    more: Pick<ProblemDocument, 'errors' | 'reason' | 'state' | 'requestId' | 'loading'> = {},
  ) {
    super(detail);
    const { status, title } = KINDS[code];
    this.document = { type: typeOf(code), title, status, detail, ...more };
  }
}

const typeOf = (code: string): string => `urn:likeness:problem:${code}`;

/** A problem that only some server of the API can have: its own code and title. */
export const problem = ({
  code,
  retryAfter,
  ...about
}: {
  readonly code: ProblemCode | 'unauthorized' | 'forbidden' | 'overloaded';
  readonly status: number;
  readonly title: string;
  /** What to do about it. */
  readonly detail: string;
  /** Seconds. @default 1 */
  readonly retryAfter?: number;
}): Response => respond({ document: { type: typeOf(code), ...about } }, retryAfter);

/** A problem as a response. @param retryAfter seconds after which to ask again, where that helps */
export function respond({ document }: Pick<ApiProblem, 'document'>, retryAfter = 1): Response {
  return new Response(JSON.stringify(document), {
    status: document.status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      ...(document.status === 503 && { 'retry-after': String(retryAfter) }),
    },
  });
}

/**
 * The problem that an error is; `undefined` when it is nobody's business but the operator's.
 *
 * @param isFar whether searches have the far index
 */
export function problemOf(error: unknown, isFar = false): ApiProblem | undefined {
  if (error instanceof ApiProblem) return error;
  if (error instanceof PictureRejected) {
    const reason = { code: error.code, message: error.message };
    return new ApiProblem('picture-rejected', error.message, { reason });
  }
  if (error instanceof DecodingFailed)
    return new ApiProblem(
      'picture-not-decoded',
      `${error.message}. Try again in a moment, or send a smaller copy.`,
    );
  if (error instanceof QueryInvalid || error instanceof KeyInvalid) {
    return new ApiProblem('invalid-request', error.message);
  }
  if (error instanceof TrashKeepsItself) return new ApiProblem('trash-keeps-itself', error.message);
  if (error instanceof IndexTooLarge)
    return new ApiProblem('index-too-large', isFar ? beyondFar(error) : tooLarge(error));
  if (error instanceof CenteredTooLarge) return new ApiProblem('index-too-large', centeredTooLarge(error));
  if (error instanceof IndexLoading)
    return new ApiProblem('index-loading', loading(error), { loading: progressOf(error) });
  if (error instanceof IndexDamaged || error instanceof IndexForeign)
    return new ApiProblem('index-unusable', `${error.message}. See docs/recovery.md.`);
  // Their messages name places on the server's disk, which its log says.
  if (error instanceof ModelUnusable)
    return new ApiProblem('model-unusable', "The model is missing or damaged; the server's log says where.");
  if (error instanceof StoreUnsuitable || error instanceof ObjectOutOfReach)
    return new ApiProblem(
      'store-unavailable',
      "The store refuses this: a permission is missing, or the store takes no writes. The server's log says which.",
    );
  if (error instanceof FarUnavailable) {
    return new ApiProblem('store-unavailable', 'Amazon S3 Vectors did not answer. Try again in a moment.');
  }
  if (error instanceof StoreUnavailable) {
    return new ApiProblem(
      'store-unavailable',
      'The object store could not be reached. Try again in a moment.',
    );
  }
  if (error instanceof HTTPException && error.status < 500) return problemOfHttp(error);
  return undefined;
}

/** What the validators of the framework throw. */
function problemOfHttp({ status, message }: HTTPException): ApiProblem {
  if (status === 415) {
    return new ApiProblem(
      'unsupported-media-type',
      'Send the bytes of a picture with their type, such as content-type: image/jpeg, or JSON with content-type: application/json.',
    );
  }
  return new ApiProblem('invalid-request', `${message}.`);
}

const MiB = 1024 * 1024;

const progressOf = ({ doneBytes, totalBytes }: IndexLoading) => ({ doneBytes, totalBytes });

const loading = ({ doneBytes, totalBytes }: IndexLoading): string =>
  `${Math.floor((100 * doneBytes) / totalBytes)} % of the index is in memory. What came is kept: ask again in a moment.`;

function tooLarge({ rows, neededBytes, budgetBytes }: IndexTooLarge): string {
  const needed = Math.ceil((neededBytes + RESERVED_BYTES) / MiB);
  return (
    `The index has ${rows} rows and needs ${Math.ceil(neededBytes / MiB)} MiB, where ${Math.floor(budgetBytes / MiB)} may be used. ` +
    `Give the search function ${needed} MB of memory or more (memory of ImageSearch), or the machine as much; ` +
    `on AWS, engine: 's3-vectors' searches past one function's memory (docs/far.md).`
  );
}

function centeredTooLarge({ rows, neededBytes, budgetBytes }: CenteredTooLarge): string {
  const needed = Math.ceil((neededBytes + RESERVED_BYTES) / MiB);
  return (
    `A centred search keeps a second copy of the embeddings. With it the ${rows} rows need ${Math.ceil(neededBytes / MiB)} MiB, ` +
    `where ${Math.floor(budgetBytes / MiB)} may be used. Search without \`centered\`, or give the search function ${needed} MB of memory.`
  );
}

/** Of what the far index cannot do: it finds what is near, and knows no list of all. */
const beyondFar = ({ rows, neededBytes }: IndexTooLarge): string =>
  `This looks at all ${rows} rows and needs them in memory: ${Math.ceil((neededBytes + RESERVED_BYTES) / MiB)} MB. ` +
  'Past that, there are searches, single pictures and the status. ' +
  'In place of all duplicates ask for "more like this" picture by picture: GET /v1/images/{key}/similar with minScore=0.97.';
