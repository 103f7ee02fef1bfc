/** The Lambda Runtime API: hands invocations to one function's process and takes its answers. */

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** The function answered with an error, or could not be started. */
export class FunctionFailed extends Error {
  override readonly name = 'FunctionFailed';
  constructor(
    readonly errorType: string,
    message: string,
    readonly trace: readonly string[] = [],
  ) {
    super(`${errorType}: ${message}\n${trace.join('\n')}`);
  }
}

interface Invocation {
  readonly id: string;
  readonly body: string;
  readonly deadline: number;
  readonly settle: (outcome: { result: string } | { error: FunctionFailed }) => void;
}

/** Serves the paths of https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html for one function. */
export class RuntimeApi {
  readonly #server: Server;
  readonly #queue: Invocation[] = [];
  readonly #running = new Map<string, Invocation>();
  #waiting: ServerResponse | undefined;
  readonly #ready: Promise<void>;
  #settleReady: { resolve: () => void; reject: (error: FunctionFailed) => void } | undefined;

  private constructor(
    readonly arn: string,
    server: Server,
  ) {
    this.#server = server;
    server.on('request', (request, response) => void this.#answer(request, response));
    this.#ready = new Promise((resolve, reject) => {
      this.#settleReady = { resolve, reject };
    });
    // Whoever waits hears of it; nobody has to wait.
    this.#ready.catch(() => {});
  }

  static async start(arn: string): Promise<RuntimeApi> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new RuntimeApi(arn, server);
  }

  /** `host:port`, as AWS_LAMBDA_RUNTIME_API has it. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resolves when the function is initialised and asks for its first event. @throws FunctionFailed */
  ready(): Promise<void> {
    return this.#ready;
  }

  /** @returns the function's answer. @throws FunctionFailed */
  async invoke(event: unknown, timeoutMs: number): Promise<unknown> {
    const outcome = await new Promise<{ result: string } | { error: FunctionFailed }>((settle) => {
      const deadline = Date.now() + timeoutMs;
      this.#queue.push({ id: randomUUID(), body: JSON.stringify(event), deadline, settle });
      this.#dispatch();
    });
    if ('error' in outcome) throw outcome.error;
    return outcome.result === '' ? undefined : JSON.parse(outcome.result);
  }

  /** The process is gone: whatever runs, and whatever comes, fails. */
  fail(error: FunctionFailed): void {
    this.#settleReady?.reject(error);
    for (const { settle } of [...this.#running.values(), ...this.#queue]) settle({ error });
    this.#running.clear();
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #dispatch(): void {
    if (!this.#waiting) return;
    const invocation = this.#queue.shift();
    if (!invocation) return;
    const response = this.#waiting;
    this.#waiting = undefined;
    this.#running.set(invocation.id, invocation);
    response.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': invocation.id,
      'lambda-runtime-deadline-ms': String(invocation.deadline),
      'lambda-runtime-invoked-function-arn': this.arn,
      'lambda-runtime-trace-id': `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${'0'.repeat(24)};Parent=${'0'.repeat(16)};Sampled=1`,
    });
    response.end(invocation.body);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.replace('/2018-06-01/runtime/', '') ?? '';
    if (request.method === 'GET' && path === 'invocation/next') {
      this.#waiting = response;
      this.#settleReady?.resolve();
      this.#dispatch();
      return;
    }
    const body = await text(request);
    const [, id = '', what] = /^invocation\/([^/]+)\/(response|error)$/.exec(path) ?? [];
    const invocation = this.#running.get(id);
    if (path === 'init/error') {
      this.#settleReady?.reject(failureOf(body));
    } else if (invocation) {
      this.#running.delete(id);
      invocation.settle(what === 'response' ? { result: body } : { error: failureOf(body) });
    } else {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"OK"}');
  }
}

interface ErrorBody {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly stackTrace?: readonly string[];
  readonly trace?: readonly string[];
}

function failureOf(body: string): FunctionFailed {
  const { errorType, errorMessage, stackTrace, trace } = JSON.parse(body) as ErrorBody;
  return new FunctionFailed(errorType, errorMessage, stackTrace ?? trace);
}
