/** Logs for the person at the terminal: a line each, and only what they may want to act on. */

import type { LogFields, Logger } from '../vectorlog/logger.ts';
import { printable } from './printable.ts';

/** @param verbose also says what goes well */
export function consoleLogger(write: (line: string) => void, verbose = false): Logger {
  const line = (level: string) => (message: string, fields?: LogFields) =>
    write(printable([level, message, ...Object.entries(fields ?? {}).map(describe)].join(' ')));
  return { info: verbose ? line('info:') : () => {}, warn: line('warning:'), error: line('error:') };
}

const describe = ([name, value]: [string, unknown]): string =>
  `${name}=${value instanceof Error ? `"${value.message}"` : JSON.stringify(value)}`;
