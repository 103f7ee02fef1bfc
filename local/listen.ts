/** Opens the port, on this machine only. */

import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { LikenessError } from '../vectorlog/errors.ts';

/** No other machine gets in: whoever does may read and delete the pictures. */
const HOST = '127.0.0.1';

/** Longer than clients keep a connection they do not use, so that none sends a request into one that is closing. */
const KEEP_ALIVE_MS = 75_000;

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

export interface Listening {
  /** `http://127.0.0.1:3000` */
  readonly url: string;
  /** Takes no more requests; resolves when those at work are answered, or cut off after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** @param port 0 takes any that is free. @throws PortTaken */
export async function listen(
  fetch: (request: Request) => Response | Promise<Response>,
  port: number,
): Promise<Listening> {
  const server = createAdaptorServer({ fetch, hostname: HOST }) as Server;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE' || error.code === 'EACCES';
      reject(taken ? new PortTaken(port, { cause: error }) : error);
    });
    server.listen(port, HOST, resolve);
  });
  return {
    url: `http://${HOST}:${(server.address() as AddressInfo).port}`,
    close: async (graceMs) => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(timer);
    },
  };
}
