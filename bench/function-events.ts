/** Requests of the API as events of API Gateway, and what a function answers as a response: how a client asks a function. */

import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { httpEvent } from '../test/factories/http-event.ts';

/** A function's answer; `undefined` when it was ended at its timeout. */
export type FunctionAnswer = APIGatewayProxyStructuredResultV2 | undefined;

/** A `fetch` for the client that asks a function. */
export const fetchFrom =
  (invoke: (event: APIGatewayProxyEventV2) => Promise<FunctionAnswer>): typeof fetch =>
  async (input, init) =>
    responseOf(await invoke(await eventOf(new Request(input, init))));

async function eventOf(request: Request): Promise<APIGatewayProxyEventV2> {
  const url = new URL(request.url);
  const body = request.body ? new Uint8Array(await request.arrayBuffer()) : undefined;
  return httpEvent({
    method: request.method,
    path: decodeURIComponent(url.pathname),
    query: url.search.slice(1),
    headers: Object.fromEntries(request.headers),
    ...(body && { body }),
  });
}

/** What a caller gets from the gateway. */
function responseOf(answer: FunctionAnswer): Response {
  if (!answer) return new Response('{"message":"Internal Server Error"}', { status: 500 });
  const { body, headers = {}, statusCode = 200, isBase64Encoded } = answer;
  return new Response(isBase64Encoded ? Buffer.from(body ?? '', 'base64') : body || null, {
    status: statusCode,
    headers: Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]),
  });
}
