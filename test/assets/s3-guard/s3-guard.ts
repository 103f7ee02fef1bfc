/** Stands between a function and the S3 server, lets through what the function's role permits, and writes down all. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { type Access, allows, type Permission } from '../template/policy.ts';
import { requiredAccess } from './required-access.ts';

export class S3Guard {
  /** Everything that was asked for and permitted. */
  readonly used: Access[] = [];
  /** Everything that was asked for and refused. */
  readonly refused: Access[] = [];
  /** Makes a request go wrong: refused before it reaches the store, or done there and answered by a 503. */
  fault: (request: IncomingMessage) => 'refuse' | 'lose answer' | undefined = () => undefined;
  readonly #server: Server;

  private constructor(
    private readonly upstream: URL,
    private readonly permissions: readonly Permission[],
    server: Server,
  ) {
    this.#server = server;
    server.on('request', (incoming, response) =>
      this.#handle(incoming, response).catch((error: unknown) => response.destroy(error as Error)),
    );
  }

  static async start(upstream: string, permissions: readonly Permission[]): Promise<S3Guard> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new S3Guard(new URL(upstream), permissions, server);
  }

  /** The endpoint for the function. */
  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #permits(access: Access): boolean {
    return this.permissions.some((permission) => allows(permission, access));
  }

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(incoming);
    const { method = '', url = '', headers } = incoming;
    // The browser asks this before a page may upload; it carries no credentials.
    const needed = method === 'OPTIONS' ? [] : requiredAccess({ method, url, headers, body });
    const refused = needed.filter((access) => !this.#permits(access));
    this.refused.push(...refused);
    if (refused.length > 0) return deny(response, refused[0]!);
    this.used.push(...needed);
    const fault = this.fault(incoming);
    if (fault === 'refuse') return answerError(response, 400, 'InvalidRequest', 'refused on purpose');
    const answer = await this.#forward(incoming, body);
    if (fault === 'lose answer' || (answer.statusCode === 404 && !this.#mayLearnOfAbsence(needed))) {
      answer.resume();
      return fault
        ? answerError(response, 503, 'SlowDown', 'the answer was lost')
        : deny(response, needed[0]!);
    }
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  }

  async #forward(
    { method, url: path, headers }: IncomingMessage,
    body: Uint8Array,
  ): Promise<IncomingMessage> {
    // The Host header stays: it is part of the signature.
    const onward = request({ host: this.upstream.hostname, port: this.upstream.port, method, path, headers });
    onward.end(body);
    const [answer] = (await once(onward, 'response')) as [IncomingMessage];
    return answer;
  }

  /** S3 says 404 only to those who may list the bucket, and 403 to all others. */
  #mayLearnOfAbsence(needed: readonly Access[]): boolean {
    const reads = needed.filter(({ action }) => action === 's3:GetObject');
    const absent = reads.map(({ resource }) => ({
      action: 's3:ListBucket',
      resource: resource.slice(0, resource.indexOf('/')),
    }));
    if (!absent.every((access) => this.#permits(access))) return false;
    this.used.push(...absent);
    return true;
  }
}

function deny(response: ServerResponse, { action, resource }: Access): void {
  answerError(response, 403, 'AccessDenied', `not authorized to perform ${action} on ${resource}`);
}

function answerError(response: ServerResponse, status: number, code: string, message: string): void {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  response.writeHead(status, { 'content-type': 'application/xml' }).end(body);
}
