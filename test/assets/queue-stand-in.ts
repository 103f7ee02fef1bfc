/** A queue on this machine in place of SQS: takes batches of messages from those whose role permits it, and keeps them. */

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { type Access, allows, type Permission } from './template/policy.ts';

const SEND = 'AmazonSQS.SendMessageBatch';
/** What SQS takes at once. */
const BATCH_SIZE = 10;

interface Batch {
  readonly QueueUrl: string;
  readonly Entries: readonly { readonly Id: string; readonly MessageBody: string }[];
}

export class QueueStandIn {
  /** What was asked for and not permitted. */
  readonly refused: Access[] = [];
  #bodies: string[] = [];

  private constructor(
    private readonly server: Server,
    private readonly name: string,
    private readonly permissions: readonly Permission[],
  ) {
    server.on('request', (incoming, response) =>
      this.#handle(incoming, response).catch((error: unknown) => response.destroy(error as Error)),
    );
  }

  /**
   * @param name the queue's logical id in the template: what `Ref` and `Fn::GetAtt` name it by
   * @param permissions those of the role that sends
   */
  static async start(name: string, permissions: readonly Permission[]): Promise<QueueStandIn> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new QueueStandIn(server, name, permissions);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/000000000000/${this.name}`;
  }

  /** Takes out what was sent, oldest first. */
  takeAll(): string[] {
    const taken = this.#bodies;
    this.#bodies = [];
    return taken;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { QueueUrl, Entries } = (await json(incoming)) as Batch;
    const target = incoming.headers['x-amz-target'];
    if (target !== SEND || QueueUrl !== this.url)
      return answer(response, 400, { __type: 'UnsupportedOperation', message: `${target} at ${QueueUrl}` });
    const access = { action: 'sqs:SendMessage', resource: `${this.name}.Arn` };
    if (!this.permissions.some((permission) => allows(permission, access))) {
      this.refused.push(access);
      return answer(response, 403, { __type: 'AccessDeniedException', message: access.action });
    }
    if (Entries.length > BATCH_SIZE)
      return answer(response, 400, { __type: 'com.amazonaws.sqs#TooManyEntriesInBatchRequest' });
    this.#bodies.push(...Entries.map(({ MessageBody }) => MessageBody));
    const Successful = Entries.map(({ Id, MessageBody }) => ({
      Id,
      MessageId: `message-${Id}`,
      MD5OfMessageBody: createHash('md5').update(MessageBody).digest('hex'),
    }));
    answer(response, 200, { Successful, Failed: [] });
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));
}
