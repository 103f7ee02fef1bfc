/** API Gateway in front of a deployment, as a `fetch` that clients can be given: functions that are throttled or fail are its 500. */

import { Throttled } from './account.ts';
import type { Deployment } from './deployment.ts';
import { FunctionFailed } from './lambda/runtime-api.ts';

/** Where clients believe the API to be. */
export const API = 'https://abcdefghij.execute-api.eu-central-1.amazonaws.com';

/**
 * @param elsewhere takes what is not for the API: uploads to the bucket
 */
export const gateway =
  (deployment: Deployment, elsewhere: typeof fetch): typeof fetch =>
  async (input, init) => {
    const request = new Request(input, init);
    const url = new URL(request.url);
    if (url.origin !== API) return elsewhere(input, init);
    const body = new Uint8Array(await request.arrayBuffer());
    const isText = request.headers.get('content-type')?.includes('json') ?? false;
    try {
      const { status, body: answer } = await deployment.api<unknown>({
        method: request.method,
        path: decodeURIComponent(url.pathname),
        query: url.search.slice(1),
        headers: Object.fromEntries(request.headers),
        ...(body.length > 0 && { body: isText ? new TextDecoder().decode(body) : body }),
      });
      return Response.json(answer, { status });
    } catch (error) {
      if (!(error instanceof Throttled || error instanceof FunctionFailed)) throw error;
      return Response.json({ message: 'Internal Server Error' }, { status: 500 });
    }
  };
