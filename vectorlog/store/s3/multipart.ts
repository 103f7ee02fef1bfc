/** Carries out a plan of parts as one multipart upload: all of it appears, or nothing does. */

import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { InFlight } from '../../parallel.ts';
import { StoreUnsuitable } from '../errors.ts';
import { STORE_LIMITS } from '../limits.ts';
import { type ByteRange, rangeLength } from '../object-store.ts';
import type { CopiedPart, PlannedPart, UploadedPart } from './multipart-plan.ts';

/** The object to make. */
export interface ComposeTarget {
  readonly client: S3Client;
  /** What its PutObject or CreateMultipartUpload say. */
  readonly input: {
    readonly Bucket: string;
    readonly Key: string;
    readonly Metadata: Record<string, string>;
    readonly ContentType?: string;
  };
  /** Reads a range that is too small to be copied. */
  readonly read: (key: string, range: ByteRange, bytes: Uint8Array) => Promise<unknown>;
  /** Whether the object is there as this call makes it; asked when the answer to the last step is lost. */
  readonly isDone: () => Promise<boolean>;
}

/** Makes an object of `parts`. @returns its bytes */
export async function composeObject(
  target: ComposeTarget,
  parts: AsyncIterable<PlannedPart>,
): Promise<{ size: number }> {
  let upload: Upload | undefined;
  try {
    for await (const part of parts) {
      if (part.kind === 'whole') {
        const Body = await gather(part, target.read);
        await target.client.send(new PutObjectCommand({ ...target.input, Body }));
        return { size: part.size };
      }
      upload ??= await Upload.start(target);
      await upload.add(part);
    }
    return { size: (await upload?.complete()) ?? 0 };
  } catch (error) {
    await upload?.abort();
    throw error;
  }
}

/** A multipart upload under way, with some of its parts in the air. */
class Upload {
  readonly #sending = new InFlight(STORE_LIMITS.partsAtOnce);
  readonly #completed: CompletedPart[] = [];
  #parts = 0;
  #size = 0;

  private constructor(
    readonly target: ComposeTarget,
    readonly address: {
      readonly Bucket: string;
      readonly Key: string;
      readonly UploadId: string | undefined;
    },
  ) {}

  static async start(target: ComposeTarget): Promise<Upload> {
    const { Bucket, Key } = target.input;
    const { UploadId } = await target.client.send(new CreateMultipartUploadCommand(target.input));
    return new Upload(target, { Bucket, Key, UploadId });
  }

  /** Begins to send a part; resolves when there is room for another. */
  async add(part: PlannedPart): Promise<void> {
    const number = ++this.#parts;
    if (number > STORE_LIMITS.maxParts)
      throw new StoreUnsuitable(`"${this.address.Key}" would need more than ${STORE_LIMITS.maxParts} parts`);
    this.#size += part.size;
    await this.#sending.begin(async () => {
      this.#completed[number - 1] = { PartNumber: number, ETag: await this.#send(number, part) };
    });
  }

  /** @returns the bytes of the object */
  async complete(): Promise<number> {
    await this.#sending.done();
    const command = { ...this.address, MultipartUpload: { Parts: this.#completed } };
    try {
      await this.target.client.send(new CompleteMultipartUploadCommand(command));
    } catch (error) {
      // A try that got no answer may have completed it, and the next then finds no upload.
      if (!(await this.target.isDone())) throw error;
    }
    return this.#size;
  }

  async abort(): Promise<void> {
    // A part that arrives after the abort would stay, and be paid for.
    await this.#sending.settled();
    // The bucket's lifecycle rule removes what cannot be removed now; the error before is the one to tell.
    await this.target.client.send(new AbortMultipartUploadCommand(this.address)).catch(() => {});
  }

  #send(number: number, part: PlannedPart): Promise<string | undefined> {
    return part.kind === 'copy' ? this.#copy(number, part) : this.#upload(number, part);
  }

  async #upload(PartNumber: number, part: UploadedPart): Promise<string | undefined> {
    const Body = await gather(part, this.target.read);
    const { ETag } = await this.target.client.send(
      new UploadPartCommand({ ...this.address, PartNumber, Body }),
    );
    return ETag;
  }

  async #copy(PartNumber: number, { source }: CopiedPart): Promise<string | undefined> {
    const path = source.copyFrom.split('/').map(encodeURIComponent).join('/');
    const { CopyPartResult } = await this.target.client.send(
      new UploadPartCopyCommand({
        ...this.address,
        PartNumber,
        CopySource: `${this.address.Bucket}/${path}`,
        CopySourceRange: `bytes=${source.range.start}-${source.range.end - 1}`,
      }),
    );
    return CopyPartResult?.ETag;
  }
}

/** The bytes of an uploaded part, in one buffer. */
async function gather(part: UploadedPart, read: ComposeTarget['read']): Promise<Uint8Array> {
  const [only] = part.pieces;
  if (part.pieces.length === 1 && only instanceof Uint8Array) return only;
  const body = new Uint8Array(part.size);
  let at = 0;
  for (const piece of part.pieces) {
    if (piece instanceof Uint8Array) {
      body.set(piece, at);
      at += piece.byteLength;
    } else {
      const end = at + rangeLength(piece.range);
      await read(piece.copyFrom, piece.range, body.subarray(at, end));
      at = end;
    }
  }
  return body;
}
