/** A proxy before an S3 server that answers as bad networks and busy services do. A seed chooses what becomes of a request. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../vectorlog/testing/random.ts';

/** What may become of a request. */
const FAULTS = [
  /** Refused, and nothing done. */
  'slow-down',
  'too-many',
  'internal-error',
  /** Done, and an error answered. */
  'internal-error-after',
  /** The connection ends before the server heard of it, after it has done it, or in the middle of the answer. */
  'reset',
  'reset-after',
  'cut',
  /** The answer ends too early, and as if that were all of it. */
  'truncate',
  /** The answer comes late, or only after whoever waits has given up. */
  'stall',
  'hang',
  /** Done twice, as by a network that sends again. */
  'twice',
] as const;
type Fault = (typeof FAULTS)[number];

/** Longer than the client waits for a connection on which nothing moves. */
const HANG_MS = 22_000;
const STALL_MS = 2_000;
/** A hanging request takes a third of a minute of somebody's time. */
const HANGS = 0.02;

const REFUSALS: Partial<Record<Fault, readonly [status: number, code: string]>> = {
  'slow-down': [503, 'SlowDown'],
  'too-many': [429, 'TooManyRequests'],
  'internal-error': [500, 'InternalError'],
  'internal-error-after': [500, 'InternalError'],
};

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export class FaultProxy {
  readonly #server: Server;
  requests = 0;
  readonly faults = new Map<Fault, number>();
  /** Of requests, how many something happens to. */
  share: number;

  private constructor(
    private readonly behind: URL,
    private readonly random: Random,
    share: number,
  ) {
    this.share = share;
    this.#server = createServer((from, to) => {
      this.#handle(from, to).catch(() => to.destroy());
    });
  }

  /** @param endpoint of the server behind it @param share of requests that something happens to, 0 to 1 */
  static async before(endpoint: string, random: Random, share: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(new URL(endpoint), random, share);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #handle(from: IncomingMessage, to: ServerResponse): Promise<void> {
    this.requests++;
    const fault = this.#choose();
    if (fault) this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
    const parts: Buffer[] = [];
    for await (const part of from) parts.push(part as Buffer);
    const body = Buffer.concat(parts);
    if (fault === 'reset') return void to.destroy();
    const refusal = fault && REFUSALS[fault];
    if (refusal && fault !== 'internal-error-after') return refuse(to, from, refusal);
    if (fault === 'twice') await this.#ask(from, body);
    const answer = await this.#ask(from, body);
    if (refusal) return refuse(to, from, refusal);
    if (fault === 'reset-after') return void to.destroy();
    if (fault === 'stall') await sleep(this.random.int(STALL_MS));
    if (fault === 'hang') await sleep(HANG_MS);
    this.#give(to, answer, fault);
  }

  #choose(): Fault | undefined {
    if (!this.random.chance(this.share)) return undefined;
    const fault = this.random.pick(FAULTS);
    return fault === 'hang' && !this.random.chance(HANGS * FAULTS.length) ? 'stall' : fault;
  }

  /** Asks the server behind; the signature holds, since the host stays the one that was signed. */
  async #ask({ method, url, headers }: IncomingMessage, body: Buffer): Promise<Answer> {
    const { hostname, port } = this.behind;
    const asked = request({ hostname, port, method, path: url, headers, agent: false });
    asked.end(body);
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    const parts: Buffer[] = [];
    for await (const part of response) parts.push(part as Buffer);
    return { status: response.statusCode!, headers: response.headers, body: Buffer.concat(parts) };
  }

  #give(to: ServerResponse, { status, headers, body }: Answer, fault: Fault | undefined): void {
    const { connection: _, 'transfer-encoding': __, ...kept } = headers;
    const half = body.subarray(0, this.random.int(body.length));
    if (fault === 'truncate' && body.length > 0) {
      const { 'content-length': ___, ...unmeasured } = kept;
      to.writeHead(status, unmeasured).end(half);
      return;
    }
    to.writeHead(status, kept);
    if (fault !== 'cut' || body.length === 0) to.end(body);
    else to.write(half, () => to.destroy());
  }
}

function refuse(to: ServerResponse, { method }: IncomingMessage, [status, code]: readonly [number, string]) {
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>now and then</Message></Error>`;
  to.writeHead(status, { 'content-type': 'application/xml' }).end(method === 'HEAD' ? undefined : body);
}
