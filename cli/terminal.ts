/** Where commands write: answers to standard output, everything else to standard error. */

import { styleText } from 'node:util';

export interface Terminal {
  /** Writes a line of the answer. */
  out(line: string): void;
  /** Writes a line about the work: notes, warnings, errors. */
  err(line: string): void;
  /** Whether a person reads standard output. */
  readonly interactive: boolean;
}

export const processTerminal: Terminal = {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  get interactive() {
    return process.stdout.isTTY === true;
  },
};

type Style = Parameters<typeof styleText>[0];

/** Styles text for people; scripts, and people who set NO_COLOR, get it plain. */
export const styled = (terminal: Terminal, style: Style, text: string): string =>
  terminal.interactive && !process.env.NO_COLOR ? styleText(style, text) : text;

/** Lines with their columns aligned; numbers and sizes go to the right. */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  }
  return rows.map((row) =>
    row
      .map((cell, i) => (right.includes(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
}

/** A file's size for people: `1.2 MB`. */
export function fileSize(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(0)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** A picture's pixels for people: `4000 x 3000`; nothing where they are not known. */
export const pixelSize = ({
  width,
  height,
}: {
  readonly width?: number | undefined;
  readonly height?: number | undefined;
}): string => (width && height ? `${width} x ${height}` : '');

/** `1 picture`, `2 pictures`. */
export const count = (n: number, noun: string): string =>
  `${n.toLocaleString('en')} ${n === 1 ? noun : `${noun}s`}`;
