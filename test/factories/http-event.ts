/** A request as API Gateway hands it to a function: HTTP API, payload format 2.0. */

import { randomUUID } from 'node:crypto';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';

export interface HttpRequest {
  readonly method: string;
  /** Decoded, as API Gateway gives it; without the query. */
  readonly path: string;
  /** As it stands in the URL, without the question mark. */
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

export function httpEvent({
  method,
  path,
  query = '',
  headers = {},
  body,
}: HttpRequest): APIGatewayProxyEventV2 {
  const domainName = 'abcdefghij.execute-api.eu-central-1.amazonaws.com';
  const now = new Date();
  const parameters = Object.fromEntries(new URLSearchParams(query));
  return {
    version: '2.0',
    routeKey: `${method} /{path+}`,
    rawPath: path,
    rawQueryString: query,
    headers: { host: domainName, 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https', ...headers },
    ...(query && { queryStringParameters: parameters }),
    pathParameters: { path: path.slice(1) },
    requestContext: {
      accountId: '000000000000',
      apiId: 'abcdefghij',
      domainName,
      domainPrefix: 'abcdefghij',
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: '203.0.113.7', userAgent: 'test' },
      requestId: randomUUID(),
      routeKey: `${method} /{path+}`,
      stage: '$default',
      time: now.toUTCString(),
      timeEpoch: now.getTime(),
    },
    // API Gateway encodes every body but text.
    ...(body !== undefined && {
      body: typeof body === 'string' ? body : Buffer.from(body).toString('base64'),
    }),
    isBase64Encoded: body !== undefined && typeof body !== 'string',
  };
}
