/** Who asks the server of one machine: this machine, or another device that showed the token. */

import { AsyncLocalStorage } from 'node:async_hooks';

export interface Caller {
  /** The server's address as the caller wrote it, without a trailing slash: `http://192.168.1.5:3000`. */
  readonly origin: string;
  /** Whether the request comes from this machine. Other devices open no programs here and see no paths of it. */
  readonly here: boolean;
}

const callers = new AsyncLocalStorage<Caller>();

/** Answers a request with `caller` at hand for everything that is done for it. */
export const answerFor = <T>(caller: Caller, answer: () => T): T => callers.run(caller, answer);

/** The caller of the request at work; `undefined` outside of one. */
export const currentCaller = (): Caller | undefined => callers.getStore();

const HOSTNAMES = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** Whether an http address is one of this machine. */
export function isLoopback(url: string): boolean {
  return URL.canParse(url) && HOSTNAMES.has(new URL(url).hostname);
}
