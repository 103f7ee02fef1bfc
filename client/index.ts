/** `likeness-search/client`: a typed client of the HTTP API. */

export { type Client, type ClientOptions, createClient, type LoadingProgress, uploadInit } from './client.ts';
export { ProblemError } from './problem-error.ts';
export type * from './types.ts';
