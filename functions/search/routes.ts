/** The addresses of the HTTP API, as the OpenAPI document shows them. */

import { createRoute, z } from '@hono/zod-openapi';
import * as requests from './requests.ts';
import * as schemas from './schemas.ts';

const MEANINGS = {
  400: 'The request is not valid.',
  403: 'The server does not do this.',
  404: 'There is no such picture, or it is not in the index.',
  409: 'What is there now does not allow it.',
  410: 'The cursor is of another time.',
  412: 'The picture is no longer the one that was meant.',
  413: 'The body is too large.',
  415: 'The type of the body is not understood.',
  422: 'The picture cannot be used.',
  500: 'Something went wrong here.',
  503: 'The store did not answer, or the picture could not be decoded now; try again.',
  507: 'The index does not fit in memory.',
} as const;

export const problem = (status: keyof typeof MEANINGS) => ({
  description: MEANINGS[status],
  content: { 'application/problem+json': { schema: schemas.Problem } },
});

export const ok = <T extends z.ZodType>(description: string, schema: T) => ({
  description,
  content: { 'application/json': { schema } },
});

export const always = { 400: problem(400), 500: problem(500) };
export const reading = { ...always, 503: problem(503), 507: problem(507) };

const bytes = z.string().openapi({ format: 'binary', description: 'The bytes of a picture.' });

export const search = createRoute({
  method: 'post',
  path: '/v1/search',
  operationId: 'search',
  summary: 'Find the pictures most like a picture, an indexed picture, or an embedding',
  request: {
    query: requests.SearchQuery,
    body: {
      description: 'A picture, or JSON that says what to search for.',
      content: {
        'image/*': { schema: bytes },
        'application/octet-stream': { schema: bytes },
        'application/json': { schema: requests.SearchBody },
      },
    },
  },
  responses: {
    200: ok('The pictures most like it, best first.', schemas.SearchAnswer),
    ...reading,
    404: problem(404),
    413: problem(413),
    415: problem(415),
    422: problem(422),
  },
});

export const similar = createRoute({
  method: 'get',
  path: '/v1/images/{key}/similar',
  operationId: 'similar',
  summary: 'Find the pictures most like an indexed one',
  request: { params: requests.KeyParams, query: requests.SimilarQuery },
  responses: {
    200: ok('The pictures most like it, best first, without itself.', schemas.SearchAnswer),
    ...reading,
    404: problem(404),
  },
});

export const listImages = createRoute({
  method: 'get',
  path: '/v1/images',
  operationId: 'listImages',
  summary: 'List what is indexed',
  request: { query: requests.ListQuery },
  responses: { 200: ok('One page.', schemas.PicturePage), ...reading },
});

export const getImage = createRoute({
  method: 'get',
  path: '/v1/images/{key}',
  operationId: 'getImage',
  summary: 'See what became of a picture',
  request: { params: requests.KeyParams },
  responses: { 200: ok('The state of the picture.', schemas.PictureState), ...reading, 404: problem(404) },
});

export const deleteImage = createRoute({
  method: 'delete',
  path: '/v1/images/{key}',
  operationId: 'deleteImage',
  summary: 'Delete a picture from its bucket, and so from the index',
  request: { params: requests.KeyParams, query: requests.DeletionQuery },
  responses: {
    202: ok('Deleted; the index follows.', schemas.Deletion),
    403: problem(403),
    ...always,
    412: problem(412),
    503: problem(503),
  },
});

export const createUpload = createRoute({
  method: 'post',
  path: '/v1/uploads',
  operationId: 'createUpload',
  summary: 'Ask where and how to upload a picture',
  request: { body: { required: true, content: { 'application/json': { schema: requests.UploadRequest } } } },
  responses: {
    200: ok('Send the bytes there.', schemas.UploadTarget),
    403: problem(403),
    ...always,
    413: problem(413),
    415: problem(415),
    503: problem(503),
  },
});

export const listRejected = createRoute({
  method: 'get',
  path: '/v1/rejected',
  operationId: 'listRejected',
  summary: 'List the pictures that cannot be indexed, and why',
  request: { query: requests.RejectedQuery },
  responses: { 200: ok('One page.', schemas.RejectedPage), ...always, 503: problem(503) },
});

export const duplicates = createRoute({
  method: 'get',
  path: '/v1/duplicates',
  operationId: 'duplicates',
  summary: 'Find groups of pictures that are the same, each with the one to keep',
  request: { query: requests.DuplicatesQuery },
  responses: { 200: ok('One page of groups.', schemas.DuplicatesPage), ...reading, 410: problem(410) },
});

export const getDecisions = createRoute({
  method: 'get',
  path: '/v1/duplicates/decisions',
  operationId: 'getDecisions',
  summary: 'See what was decided about duplicates',
  request: { query: requests.DecisionsQuery },
  responses: {
    200: ok('The folders, and one page of the sets.', schemas.Decisions),
    ...always,
    503: problem(503),
  },
});

export const putFolders = createRoute({
  method: 'put',
  path: '/v1/duplicates/folders',
  operationId: 'putFolders',
  summary: 'Say which folders to delete nothing from, and which to keep from first',
  request: { body: { required: true, content: { 'application/json': { schema: requests.FolderWishes } } } },
  responses: { 200: ok('Remembered.', requests.FolderWishes), ...always, 503: problem(503) },
});

export const postNotDuplicates = createRoute({
  method: 'post',
  path: '/v1/duplicates/not',
  operationId: 'postNotDuplicates',
  summary: 'Say that pictures are not duplicates of each other, or take that back',
  request: { body: { required: true, content: { 'application/json': { schema: requests.NotDuplicates } } } },
  responses: { 200: ok('Remembered.', schemas.NotDuplicatesAnswer), ...always, 503: problem(503) },
});

export const stats = createRoute({
  method: 'get',
  path: '/v1/stats',
  operationId: 'stats',
  summary: 'See how many pictures there are, with which model, and how far the index is',
  responses: {
    200: ok('Figures of this moment.', schemas.Stats),
    500: problem(500),
    503: problem(503),
    507: problem(507),
  },
});

export const health = createRoute({
  method: 'get',
  path: '/v1/health',
  operationId: 'health',
  summary: 'See whether the server answers; asks nothing of the store',
  responses: { 200: ok('It does.', schemas.Health), 500: problem(500) },
});
