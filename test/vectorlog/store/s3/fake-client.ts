/** An S3 client that sends nothing: a test answers each command, and sees what was asked. */

import { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';

export interface Sent {
  /** `PutObject`, say. */
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}

export interface FakeClient {
  readonly client: S3Client;
  readonly sent: readonly Sent[];
  /** What was said beside each command: the signal that ends it, say. */
  readonly options: readonly unknown[];
}

/** @param answer the output of a command, or what it throws; `number` is 1 for the first command */
export function fakeClient(answer: (command: Sent, number: number) => unknown): FakeClient {
  const sent: Sent[] = [];
  const options: unknown[] = [];
  const send = async (command: { readonly input: Sent['input'] }, said?: unknown) => {
    options.push(said);
    const one = { name: command.constructor.name.replace(/Command$/, ''), input: command.input };
    sent.push(one);
    return answer(one, sent.length);
  };
  return { client: { send } as unknown as S3Client, sent, options };
}

/** An error as the SDK throws it. */
export const sdkError = (
  httpStatusCode: number | undefined,
  name: string,
  { message = 'as scripted', ...more }: { readonly message?: string; readonly attempts?: number } = {},
): Error =>
  Object.assign(new Error(message), {
    name,
    $metadata: { ...more, ...(httpStatusCode !== undefined && { httpStatusCode }) },
  });

/** What GetObject answers of an object of `bytes` for the range that it was asked for. */
export function rangeOf(bytes: Uint8Array, { input }: Sent, eTag = '"e"') {
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(input.Range as string)!;
  const part = bytes.subarray(Number(from), Number(to) + 1);
  return {
    Body: Readable.from([part]),
    ContentRange: `bytes ${from}-${Number(from) + part.length - 1}/${bytes.length}`,
    ETag: eTag,
  };
}
