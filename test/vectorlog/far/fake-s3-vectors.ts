/**
 * A strict stand-in for Amazon S3 Vectors over HTTP: it refuses what the service refuses, holds to its limits, and can be
 * told to answer as badly as a service may. The real SDK speaks to it; the conformance suite holds it to the truth.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LINE } from '../../../vectorlog/far/far-index.ts';
import { SERVICE_LIMITS } from '../../../vectorlog/far/limits.ts';
import { S3Vectors } from '../../../vectorlog/far/s3-vectors.ts';
import { Random } from '../../../vectorlog/testing/random.ts';
import { type Metadata, matchesFilter, Refused, validateFilter, validateMetadata } from './fake-filter.ts';

export interface FakeOptions {
  readonly dimensions: number;
  readonly seed?: number;
  /** By the fake's clock, in milliseconds. @default the machine's */
  readonly now?: () => number;
  /** Vectors of one page of answers to a query. */
  readonly pageSize?: number;
  /** Vectors that a query may ask for. @default what the service gives now */
  readonly maxTopK?: number;
}

/** How badly it answers: each a probability but for the last two. */
export interface Faults {
  /** A vector that should be among the answers is there, unless a filter leaves so few that all are looked at. */
  recall: number;
  /** A request is refused with 429. */
  throttle: number;
  /** A request is refused with 503 before anything is done. */
  refuse: number;
  /** A request is done, and the connection closed before the answer. */
  loseAnswer: number;
  /** Milliseconds for which a query does not see what was written. */
  staleMs: number;
  /** Milliseconds before each answer. */
  latencyMs: number;
}

const NONE: Faults = { recall: 1, throttle: 0, refuse: 0, loseAnswer: 0, staleMs: 0, latencyMs: 0 };
const NON_FILTERABLE = new Set([LINE]);
/** The service filters before it searches: of so few vectors it misses none. */
const EXACT_BELOW = 100;
const INDEX = 'arn:aws:s3vectors:us-east-1:111122223333:bucket/vectors/index/rows';

interface Version {
  readonly at: number;
  /** `undefined` where it was deleted. */
  readonly vector: Float32Array | undefined;
  readonly metadata: Metadata;
}

export class FakeS3Vectors {
  readonly faults: Faults = { ...NONE };
  /** What was asked of it, and what it would be billed by. */
  readonly used = {
    puts: 0,
    deletes: 0,
    queries: 0,
    vectorsPut: 0,
    bodyBytes: 0,
    billedPutBytes: 0,
    refusals: 0,
  };
  readonly #vectors = new Map<string, Version[]>();
  readonly #pages = new Map<string, unknown[]>();
  readonly #options: Required<FakeOptions>;
  readonly #random: Random;
  readonly #server: Server;
  readonly #clients: S3Vectors[] = [];
  #tokens = {
    at: 0,
    vectors: SERVICE_LIMITS.vectorsPerSecond as number,
    requests: SERVICE_LIMITS.writesPerSecond as number,
  };

  private constructor(options: FakeOptions) {
    this.#options = {
      seed: 1,
      now: () => performance.now(),
      pageSize: 100,
      maxTopK: SERVICE_LIMITS.maxTopK,
      ...options,
    };
    this.#random = new Random(this.#options.seed);
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(options: FakeOptions): Promise<FakeS3Vectors> {
    const fake = new FakeS3Vectors(options);
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  /** The adapter that is tested, speaking to this. */
  client(options: { maxAttempts?: number } = {}): S3Vectors {
    const { port } = this.#server.address() as AddressInfo;
    const client = new S3Vectors({
      index: INDEX,
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      ...options,
    });
    this.#clients.push(client);
    return client;
  }

  /** The names that are there now. */
  get names(): string[] {
    return [...this.#vectors].filter(([, versions]) => versions.at(-1)!.vector).map(([name]) => name);
  }

  /** Becomes an index in which nothing was ever put. */
  clear(): void {
    this.#vectors.clear();
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const { faults } = this;
    if (faults.latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, faults.latencyMs));
    try {
      if (this.#random.chance(faults.throttle))
        throw new Refused('TooManyRequestsException', 429, 'slow down');
      if (this.#random.chance(faults.refuse))
        throw new Refused('ServiceUnavailableException', 503, 'not now');
      const answer = this.#do(request.url ?? '', body);
      if (this.#random.chance(faults.loseAnswer)) return void request.socket.destroy();
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(answer));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.used.refusals++;
      response.statusCode = error.status;
      response.setHeader('content-type', 'application/json');
      response.setHeader('x-amzn-errortype', error.type);
      response.end(JSON.stringify({ message: error.message }));
    }
  }

  #do(path: string, body: Buffer): unknown {
    if (body.length > SERVICE_LIMITS.maxRequestBytes)
      throw new Refused('ValidationException', 400, 'payload');
    this.used.bodyBytes += body.length;
    const input = JSON.parse(body.toString()) as Record<string, unknown>;
    if (input.indexArn !== INDEX) throw new Refused('NotFoundException', 404, 'no such index');
    if (path === '/PutVectors') return this.#put(input.vectors as readonly PutInput[]);
    if (path === '/DeleteVectors') return this.#delete(input.keys as readonly string[]);
    if (path === '/QueryVectors') return this.#query(input as unknown as QueryInput);
    throw new Refused('ValidationException', 400, `unknown operation ${path}`);
  }

  #put(vectors: readonly PutInput[]): object {
    refuseUnless(isWithin(vectors?.length, 1, SERVICE_LIMITS.maxVectorsPerRequest), 'number of vectors');
    let logical = 0;
    for (const { key, data, metadata = {} } of vectors) {
      refuseName(key);
      this.#refuseVector(data?.float32);
      logical += key.length + 4 * data.float32.length + validateMetadata(metadata, NON_FILTERABLE);
    }
    refuseUnless(new Set(vectors.map(({ key }) => key)).size === vectors.length, 'a key twice');
    this.#take(vectors.length);
    const at = this.#options.now();
    for (const { key, data, metadata = {} } of vectors)
      this.#write(key, { at, vector: Float32Array.from(data.float32), metadata });
    this.used.puts++;
    this.used.vectorsPut += vectors.length;
    this.used.billedPutBytes += Math.max(SERVICE_LIMITS.minBilledBytes, logical);
    return {};
  }

  #delete(keys: readonly string[]): object {
    refuseUnless(isWithin(keys?.length, 1, SERVICE_LIMITS.maxVectorsPerRequest), 'number of keys');
    for (const key of keys) refuseName(key);
    this.#take(keys.length);
    const at = this.#options.now();
    for (const key of keys)
      if (this.#vectors.has(key)) this.#write(key, { at, vector: undefined, metadata: {} });
    this.used.deletes++;
    return {};
  }

  #query({ topK, queryVector, filter, returnMetadata, nextToken }: QueryInput): object {
    const { pageSize, now, maxTopK } = this.#options;
    this.used.queries++;
    if (nextToken !== undefined) {
      const rest = this.#pages.get(nextToken);
      if (!rest) throw new Refused('ValidationException', 400, 'the token is not valid');
      this.#pages.delete(nextToken);
      return this.#page(rest, pageSize);
    }
    refuseUnless(Number.isInteger(topK) && isWithin(topK, 1, maxTopK), 'topK');
    this.#refuseVector(queryVector?.float32);
    if (filter !== undefined) validateFilter(filter, NON_FILTERABLE);
    const query = Float32Array.from(queryVector.float32);
    const seenUntil = now() - this.faults.staleMs;
    const found: { key: string; distance: number; metadata: Metadata }[] = [];
    for (const [key, versions] of this.#vectors) {
      const version = versions.findLast(({ at }) => at <= seenUntil);
      if (!version?.vector || (filter !== undefined && !matchesFilter(filter, version.metadata))) continue;
      found.push({ key, distance: 1 - cosine(query, version.vector), metadata: version.metadata });
    }
    found.sort((a, b) => a.distance - b.distance);
    const recall = filter !== undefined && found.length <= EXACT_BELOW ? 1 : this.faults.recall;
    const seen = found.filter(() => this.#random.chance(recall)).slice(0, topK);
    return this.#page(
      seen.map(({ metadata, ...one }) => (returnMetadata ? { ...one, metadata } : one)),
      pageSize,
    );
  }

  #page(found: unknown[], size: number): object {
    const page = { vectors: found.slice(0, size), distanceMetric: 'cosine' };
    if (found.length <= size) return page;
    const nextToken = `page-${this.used.queries}`;
    this.#pages.set(nextToken, found.slice(size));
    return { ...page, nextToken };
  }

  /** Keeps as many versions of a vector as a stale query may still see. */
  #write(key: string, version: Version): void {
    const seenUntil = this.#options.now() - this.faults.staleMs;
    const versions = this.#vectors.get(key) ?? [];
    const oldest = Math.max(
      0,
      versions.findLastIndex(({ at }) => at <= seenUntil),
    );
    this.#vectors.set(key, [...versions.slice(oldest), version]);
  }

  /** Holds to the rates, as a bucket that a second fills. */
  #take(vectors: number): void {
    const { vectorsPerSecond, writesPerSecond } = SERVICE_LIMITS;
    const now = this.#options.now();
    const seconds = (now - this.#tokens.at) / 1_000;
    this.#tokens = {
      at: now,
      vectors: Math.min(vectorsPerSecond, this.#tokens.vectors + seconds * vectorsPerSecond),
      requests: Math.min(writesPerSecond, this.#tokens.requests + seconds * writesPerSecond),
    };
    if (this.#tokens.vectors < vectors || this.#tokens.requests < 1)
      throw new Refused('TooManyRequestsException', 429, 'the index takes 2,500 vectors a second');
    this.#tokens.vectors -= vectors;
    this.#tokens.requests--;
  }

  #refuseVector(numbers: readonly number[] | undefined): void {
    refuseUnless(Array.isArray(numbers) && numbers.length === this.#options.dimensions, 'dimension');
    refuseUnless(
      numbers!.every((each) => Number.isFinite(Math.fround(each))),
      'a number that is none',
    );
    refuseUnless(
      numbers!.some((each) => each !== 0),
      'a vector of zeros',
    );
  }
}

interface PutInput {
  readonly key: string;
  readonly data: { readonly float32: readonly number[] };
  readonly metadata?: Metadata;
}

interface QueryInput {
  readonly topK: number;
  readonly queryVector: { readonly float32: readonly number[] };
  readonly filter?: unknown;
  readonly returnMetadata?: boolean;
  readonly nextToken?: string;
}

const isWithin = (count: number | undefined, least: number, most: number): boolean =>
  count !== undefined && count >= least && count <= most;

function refuseUnless(holds: boolean, what: string): void {
  if (!holds) throw new Refused('ValidationException', 400, `not valid: ${what}`);
}

function refuseName(key: unknown): void {
  const isName = typeof key === 'string' && isWithin(Buffer.byteLength(key), 1, SERVICE_LIMITS.maxNameBytes);
  refuseUnless(isName, 'a key');
}

function cosine(a: Float32Array, b: Float32Array): number {
  let product = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; i++) {
    product += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  return product / Math.sqrt(aa * bb);
}
