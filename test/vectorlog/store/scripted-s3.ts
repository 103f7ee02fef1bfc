/** An S3 endpoint whose every answer a test decides: for faults that no real server produces when asked. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { S3Client } from '@aws-sdk/client-s3';
import { onTestFinished } from 'vitest';
import { s3Client } from '../../../vectorlog/store/s3-client.ts';
import { S3Store } from '../../../vectorlog/store/s3-store.ts';

export interface ScriptedRequest {
  /** 1 for the first request of the test. */
  readonly number: number;
  readonly method: string;
  /** The path after the bucket, and the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface ScriptedAnswer {
  /** `drop` cuts the connection without an answer, `hang` keeps it and says nothing. */
  readonly status: number | 'drop' | 'hang';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Cuts the connection after so many bytes of the body. */
  readonly cutAfter?: number;
  /** Says no more after so many bytes of the body. */
  readonly hangAfter?: number;
}

export interface ScriptedS3 {
  readonly store: S3Store;
  readonly client: S3Client;
  readonly requests: readonly ScriptedRequest[];
  /** Connections opened so far. */
  connections(): number;
  /** Connections that are open now. */
  open(): number;
  /** Answers that are being given now. */
  answering(): number;
}

/** An answer that refuses, with S3's error document. */
export const refusal = (status: number, code: string): ScriptedAnswer => ({
  status,
  body: `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>as scripted</Message></Error>`,
});

/** Starts an endpoint that answers as `script` says, until the test is over. */
export async function scriptedS3(script: (request: ScriptedRequest) => ScriptedAnswer): Promise<ScriptedS3> {
  const requests: ScriptedRequest[] = [];
  let connections = 0;
  let answering = 0;
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const url = new URL(incoming.url ?? '', 'http://scripted');
    const request: ScriptedRequest = {
      number: requests.length + 1,
      method: incoming.method ?? '',
      path: url.pathname.replace(/^\/bucket\/?/, ''),
      query: url.searchParams,
      headers: incoming.headers as Record<string, string>,
      body: Buffer.concat(chunks),
    };
    requests.push(request);
    const { status, headers = {}, body = '', cutAfter, hangAfter } = script(request);
    answering++;
    outgoing.on('close', () => {
      answering--;
    });
    if (status === 'hang') return;
    if (status === 'drop') {
      outgoing.destroy();
      return;
    }
    const bytes = Buffer.from(body);
    outgoing.writeHead(status, { 'content-length': bytes.byteLength, ...headers });
    if (request.method === 'HEAD') outgoing.end();
    else if (hangAfter !== undefined) outgoing.write(bytes.subarray(0, hangAfter));
    else if (cutAfter === undefined) outgoing.end(bytes);
    else outgoing.write(bytes.subarray(0, cutAfter), () => outgoing.destroy());
  });
  let open = 0;
  server.on('connection', (socket) => {
    connections++;
    open++;
    socket.on('close', () => {
      open--;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const client = s3Client({
    endpoint: `http://127.0.0.1:${port}`,
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  });
  onTestFinished(() => {
    client.destroy();
    server.closeAllConnections();
    server.close();
  });
  return {
    store: new S3Store({ client, bucket: 'bucket' }),
    client,
    requests,
    connections: () => connections,
    open: () => open,
    answering: () => answering,
  };
}
