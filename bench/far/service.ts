/**
 * What S3 Vectors costs a client in time: a process of its own that takes puts in without looking at them, and answers
 * each query after the service's usual delay with rows that it was told of.
 */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A warm query, as AWS gives it. */
const QUERY_MS = 100;

interface Put {
  readonly vectors: readonly { readonly key: string; readonly metadata: { readonly line: string } }[];
}

/** Rows of which queries get as many as they ask for. */
let known: Put['vectors'] = [];
const used = { puts: 0, bytes: 0 };

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  response.setHeader('content-type', 'application/json');
  if (request.url === '/PutVectors') {
    used.puts++;
    used.bytes += body.length;
    // The first request is enough to answer from; reading all of them would take the client's processor away.
    if (known.length === 0)
      known = (JSON.parse(body.toString()) as Put).vectors.map(({ key, metadata }) => ({ key, metadata }));
    response.end('{}');
  } else if (request.url === '/QueryVectors') {
    const { topK } = JSON.parse(body.toString()) as { topK: number };
    setTimeout(
      () => response.end(JSON.stringify({ vectors: known.slice(0, topK), distanceMetric: 'cosine' })),
      QUERY_MS,
    );
  } else response.end(JSON.stringify(used));
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
