/** Opens the port: on this machine, and for other devices where that is asked for. */

import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { createAdaptorServer } from '@hono/node-server';
import { LikenessError } from '../vectorlog/errors.ts';

/** Where this machine finds it, always. */
const HOST = '127.0.0.1';

/** Addresses that stand for all of a machine's, 127.0.0.1 among them. */
const EVERY = new Set(['0.0.0.0', '::']);

/** Longer than clients keep a connection they do not use, so that none sends a request into one that is closing. */
const KEEP_ALIVE_MS = 75_000;

/** A client that sends more than this is cut off. */
const MOST_DISCARDED_BYTES = 256 * 2 ** 20;

/** The port cannot be had. */
export class PortTaken extends LikenessError {
  readonly retryable = false;
  constructor(port: number, options?: { cause?: unknown }) {
    super(
      `port ${port} is taken by another program; choose another with --port, such as --port ${port + 1}`,
      options,
    );
  }
}

/** The machine has no such address. */
export class AddressUnusable extends LikenessError {
  readonly retryable = false;
  constructor(host: string, options?: { cause?: unknown }) {
    super(
      `this machine has no address ${host}; its own are ${ownAddresses().join(', ') || 'unknown'}, and 0.0.0.0 is all of them`,
      options,
    );
  }
}

export interface Listening {
  /** `http://127.0.0.1:3000` */
  readonly url: string;
  /** Where other devices find it: `http://192.168.1.5:3000`. Empty unless a host was given. */
  readonly elsewhere: readonly string[];
  /** Takes no more requests; resolves when those at work are answered, or cut off after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

export type Answer = Parameters<typeof createAdaptorServer>[0]['fetch'];

/**
 * @param port 0 takes any that is free
 * @param host an address of this machine for other devices besides; 0.0.0.0 for all of them
 * @throws PortTaken, AddressUnusable
 */
export async function listen(answer: Answer, port: number, host?: string): Promise<Listening> {
  const first = await open(answer, port, host !== undefined && EVERY.has(host) ? host : HOST);
  const servers = [first];
  const taken = (first.address() as AddressInfo).port;
  const close = async (graceMs: number) => {
    await Promise.all(servers.map((server) => closed(server, graceMs)));
  };
  try {
    if (host !== undefined && !EVERY.has(host) && host !== HOST)
      servers.push(await open(answer, taken, host));
  } catch (error) {
    await close(0);
    throw error;
  }
  const hosts = host === undefined ? [] : EVERY.has(host) ? ownAddresses() : [host];
  return {
    url: `http://${HOST}:${taken}`,
    elsewhere: hosts.map((each) => `http://${each.includes(':') ? `[${each}]` : each}:${taken}`),
    close,
  };
}

async function open(answer: Answer, port: number, host: string): Promise<Server> {
  const server = createAdaptorServer({ fetch: readsWhatItRefuses(answer), hostname: host }) as Server;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(toOpenError(error, port, host)));
    server.listen(port, host, resolve);
  });
  return server;
}

/**
 * A client that is still sending may see its connection break, and not the answer: a body that is refused unread is thrown away
 * as it comes, and then answered.
 */
const readsWhatItRefuses =
  (answer: Answer): Answer =>
  async (request, env) => {
    const response = await answer(request, env);
    if (response instanceof Response && response.status === 413 && request.body && !request.body.locked)
      await discard(request.body);
    return response;
  };

async function discard(body: ReadableStream<Uint8Array>): Promise<void> {
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes > MOST_DISCARDED_BYTES) return;
  }
}

function toOpenError(error: NodeJS.ErrnoException, port: number, host: string): Error {
  if (error.code === 'EADDRINUSE' || error.code === 'EACCES') return new PortTaken(port, { cause: error });
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND' || error.code === 'EINVAL')
    return new AddressUnusable(host, { cause: error });
  return error;
}

async function closed(server: Server, graceMs: number): Promise<void> {
  const done = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await done;
  clearTimeout(timer);
}

/** The IPv4 addresses by which other devices reach this machine. */
const ownAddresses = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
    .map(({ address }) => address);
