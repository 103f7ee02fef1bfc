/** Runs a decoder in a process of its own, which ends with its one picture: nothing that it does can end this process. */

import { type ChildProcess, spawn } from 'node:child_process';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import type { Decoded, OptionalDecoder } from './optional-decoder.ts';

export interface Bounds {
  readonly maxPixels: number;
  /** Bytes of one memory of WebAssembly, which is where decoders hold their pixels. */
  readonly maxMemoryBytes: number;
  readonly timeoutMs: number;
}

/** What became of the process. */
export type Outcome =
  | { readonly decoded: Decoded }
  /** Width and height of a picture with more pixels than it may have. */
  | { readonly tooLarge: string }
  /**
   * The decoder's own error; `heavy` when it had asked for more memory than it may have. With the code of an error of Node's, such
   * as that of a file that cannot be opened.
   */
  | { readonly failed: string; readonly heavy: boolean; readonly code?: string | undefined }
  | { readonly late: true }
  /** It ended without an answer; what it said at last. */
  | { readonly ended: string };

/** What the process writes before the bytes. */
type Head =
  | { readonly width: number; readonly height: number; readonly profileBytes: number }
  | { readonly tooLarge: string }
  | { readonly failed: string; readonly heavy: boolean; readonly code?: string | undefined };

/** Objects of JavaScript that decoders make: none needs many, since pixels are not among them. */
const HEAP_MIB = 256;

const WEBASSEMBLY_PAGE_BYTES = 65_536;

/** Bytes of colour profiles at most: those of printers are large, and the ones of cameras are not. */
const MAX_PROFILE_BYTES = 16 * 1024 * 1024;

/** Bytes before those of the picture at most: three numbers, or a message. */
const MAX_HEAD_BYTES = 16_384;

/** Characters of what the process said at last that are kept. */
const LAST_WORDS = 2_000;

/** What V8 says when it ends a process whose heap is full. */
const HEAP_IS_FULL = /heap out of memory|allocation failed/i;

/** Where the process writes its answer; decoders write what they like to the usual outputs. */
const ANSWER = 3;

/** What is never written to: it closes when this process ends, however it ends. */
const LIFELINE = 4;

/** A thread, since a decoder may keep its own in a loop. */
const WATCHER = `
const lifeline = new (require('node:net').Socket)({ fd: ${LIFELINE} });
lifeline.on('error', () => {}).on('close', () => process.kill(process.pid, 'SIGKILL')).resume();`;

/**
 * What follows a decoder's source. The signals of a terminal or of a service that ends go to all of its processes, and what is
 * at work is to be finished.
 */
const PROGRAM = `
const { readFileSync, writeSync } = require('node:fs');
const { Worker } = require('node:worker_threads');
new Worker(${JSON.stringify(WATCHER)}, { eval: true }).on('error', () => {}).unref();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
const grow = WebAssembly.Memory.prototype.grow;
let heavy = false;
WebAssembly.Memory.prototype.grow = function (pages) {
  try {
    return grow.call(this, pages);
  } catch (error) {
    heavy = true;
    throw error;
  }
};
function answer(head, ...parts) {
  const json = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(json.length);
  for (const part of [length, json, ...parts])
    for (let at = 0; at < part.length; ) at += writeSync(${ANSWER}, part, at);
  process.exit();
}
const { files, maxPixels } = JSON.parse(process.argv[1]);
decode({ files, bytes: new Uint8Array(readFileSync(0)), maxPixels }).then(
  ({ tooLarge, data, width, height, profile = new Uint8Array() }) =>
    tooLarge ? answer({ tooLarge }) : answer({ width, height, profileBytes: profile.length }, profile, data),
).catch((error) => answer({
  failed: String((error && error.message) || error).slice(0, ${LAST_WORDS}),
  heavy,
  ...(typeof (error && error.code) === 'string' && { code: error.code }),
}));`;

/** Decodes one picture; the process has ended when this returns. Fails where no process can be started. */
export async function decodeInOwnProcess(
  { source, files }: OptionalDecoder,
  bytes: Uint8Array,
  { maxPixels, maxMemoryBytes, timeoutMs }: Bounds,
): Promise<Outcome> {
  const child = spawn(
    process.execPath,
    [
      `--max-old-space-size=${HEAP_MIB}`,
      `--wasm-max-mem-pages=${Math.ceil(maxMemoryBytes / WEBASSEMBLY_PAGE_BYTES)}`,
      '--input-type=commonjs',
      '--eval',
      source + PROGRAM,
      JSON.stringify({ files, maxPixels }),
    ],
    {
      stdio: ['pipe', 'ignore', 'pipe', 'pipe', 'pipe'],
      // Nothing of this process's, such as its credentials, but where its libraries are.
      env: process.env.LD_LIBRARY_PATH ? { LD_LIBRARY_PATH: process.env.LD_LIBRARY_PATH } : {},
      // A folder that is there, whatever became of the one where this process was started.
      cwd: dirname(process.execPath),
      windowsHide: true,
    },
  );
  const end = () => void child.kill('SIGKILL');
  process.once('exit', end);
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<Outcome>((resolve) => {
      timer = setTimeout(resolve, timeoutMs, { late: true });
    });
    return await Promise.race([outcomeOf(child, bytes, maxPixels), late]);
  } finally {
    clearTimeout(timer);
    process.off('exit', end);
    end();
  }
}

async function outcomeOf(child: ChildProcess, bytes: Uint8Array, maxPixels: number): Promise<Outcome> {
  const closed = new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(signal ?? `code ${code}`));
  });
  // One that did not start has no streams either; its error follows.
  if (child.pid === undefined) return { ended: await closed };
  let said = '';
  child.stderr!.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('latin1')).slice(-LAST_WORDS);
  });
  // One that ends early reads no further: how it ended tells more than that.
  child.stdin!.on('error', () => {});
  child.stdio[LIFELINE]!.on('error', () => {});
  child.stdin!.end(bytes);
  const [answer, how] = await Promise.all([readAnswer(child.stdio[ANSWER] as Readable, maxPixels), closed]);
  if (answer) return answer;
  return HEAP_IS_FULL.test(said)
    ? { failed: "JavaScript's heap is full", heavy: true }
    : { ended: `${how}: ${said.trim()}` };
}

/** `undefined` when it ends before it is whole, or cannot be one. */
async function readAnswer(stream: Readable, maxPixels: number): Promise<Outcome | undefined> {
  let waiting = Buffer.alloc(0);
  let head: Head | undefined;
  let body: Buffer | undefined;
  let filled = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    let rest = chunk;
    if (!head) {
      waiting = Buffer.concat([waiting, chunk]);
      const end = waiting.length >= 4 ? 4 + waiting.readUInt32BE() : Number.POSITIVE_INFINITY;
      if (waiting.length >= 4 && end > MAX_HEAD_BYTES) return undefined;
      if (waiting.length < end) continue;
      head = JSON.parse(waiting.toString('utf8', 4, end)) as Head;
      if (!('width' in head)) return head;
      const { width, height, profileBytes } = head;
      if (width * height > maxPixels || profileBytes > MAX_PROFILE_BYTES) return undefined;
      body = Buffer.allocUnsafeSlow(profileBytes + width * height * 3);
      rest = waiting.subarray(end);
    }
    filled += rest.copy(body!, filled);
  }
  if (!head || !('width' in head) || filled < body!.length) return undefined;
  const { width, height, profileBytes } = head;
  const profile = profileBytes > 0 ? { profile: body!.subarray(0, profileBytes) } : {};
  return { decoded: { data: body!.subarray(profileBytes), width, height, ...profile } };
}
