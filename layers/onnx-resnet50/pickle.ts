/**
 * Reads Python pickles without running them: a pickle can name and call only what the caller passes in.
 *
 * Covers the opcodes that `torch.save` writes (protocol 2 and up). Lists and tuples become arrays, dicts become Maps.
 */

import { WeightsUnusable } from './errors.ts';

export interface PickleOptions {
  /** What `module.name` stands for; functions may be called. A pickle that names anything else is refused. */
  readonly globals: Readonly<Record<string, unknown>>;
  /** What a persistent id (torch: a storage) stands for. */
  readonly persistent: (id: unknown) => unknown;
}

const MARK = Symbol('mark');

/** Steps of a pickle: a state dict of ResNet50 takes some 20,000. */
const MAX_STEPS = 1_000_000;

/** Bytes of one text: names of tensors and modules. */
const MAX_TEXT_BYTES = 65_536;

/**
 * Reads the pickle that begins at `offset`.
 *
 * @returns its value, and the offset of the byte after it.
 * @throws WeightsUnusable when the pickle is damaged, or needs more than `options` allows.
 */
export function readPickle(
  bytes: Uint8Array,
  options: PickleOptions,
  offset = 0,
): { value: unknown; end: number } {
  try {
    return new Machine(bytes, options, offset).run();
  } catch (error) {
    if (error instanceof WeightsUnusable) throw error;
    throw new WeightsUnusable('the weights file is damaged: its pickle cannot be read', { cause: error });
  }
}

class Machine {
  private readonly view: DataView;
  private readonly stack: unknown[] = [];
  private readonly memo = new Map<number, unknown>();

  constructor(
    private readonly bytes: Uint8Array,
    private readonly options: PickleOptions,
    private at: number,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  run(): { value: unknown; end: number } {
    for (let steps = 0; steps < MAX_STEPS; steps++) {
      const opcode = this.uint8();
      if (opcode === 0x2e) return { value: this.pop(), end: this.at };
      this.step(opcode);
    }
    throw new WeightsUnusable(`the weights file's pickle has more than ${MAX_STEPS} steps`);
  }

  private step(opcode: number): void {
    const { stack } = this;
    switch (opcode) {
      case 0x80: // PROTO
        this.uint8();
        return;
      case 0x95: // FRAME
        this.at += 8;
        return;
      case 0x28: // MARK
        stack.push(MARK);
        return;
      case 0x4e: // NONE
        stack.push(null);
        return;
      case 0x88: // NEWTRUE
      case 0x89: // NEWFALSE
        stack.push(opcode === 0x88);
        return;
      case 0x4b: // BININT1
        stack.push(this.uint8());
        return;
      case 0x4d: // BININT2
        stack.push(this.uint8() | (this.uint8() << 8));
        return;
      case 0x4a: // BININT
        stack.push(this.uint32() | 0);
        return;
      case 0x8a: // LONG1
        stack.push(this.long(this.uint8()));
        return;
      case 0x47: // BINFLOAT
        stack.push(this.view.getFloat64(this.at));
        this.at += 8;
        return;
      case 0x58: // BINUNICODE
        stack.push(this.text(this.uint32()));
        return;
      case 0x8c: // SHORT_BINUNICODE
      case 0x55: // SHORT_BINSTRING
        stack.push(this.text(this.uint8()));
        return;
      case 0x7d: // EMPTY_DICT
        stack.push(new Map());
        return;
      case 0x5d: // EMPTY_LIST
      case 0x29: // EMPTY_TUPLE
        stack.push([]);
        return;
      case 0x74: // TUPLE
        stack.push(this.popToMark());
        return;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        stack.push(this.popMany(opcode - 0x84));
        return;
      case 0x61: // APPEND
        this.append([this.pop()]);
        return;
      case 0x65: // APPENDS
        this.append(this.popToMark());
        return;
      case 0x73: // SETITEM
        this.setItems(this.popMany(2));
        return;
      case 0x75: // SETITEMS
        this.setItems(this.popToMark());
        return;
      case 0x63: // GLOBAL
        stack.push(this.global(this.line(), this.line()));
        return;
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = this.popMany(2);
        stack.push(this.global(String(module), String(name)));
        return;
      }
      case 0x52: {
        // REDUCE
        const [callable, args] = this.popMany(2);
        if (typeof callable !== 'function' || !Array.isArray(args)) throw new Error('REDUCE of no function');
        stack.push(callable(...args));
        return;
      }
      case 0x62: // BUILD sets attributes, such as the `_metadata` of a state dict: not part of its value
        this.pop();
        return;
      case 0x51: // BINPERSID
        stack.push(this.options.persistent(this.pop()));
        return;
      case 0x71: // BINPUT
        this.memo.set(this.uint8(), stack.at(-1));
        return;
      case 0x72: // LONG_BINPUT
        this.memo.set(this.uint32(), stack.at(-1));
        return;
      case 0x94: // MEMOIZE
        this.memo.set(this.memo.size, stack.at(-1));
        return;
      case 0x68: // BINGET
        stack.push(this.recall(this.uint8()));
        return;
      case 0x6a: // LONG_BINGET
        stack.push(this.recall(this.uint32()));
        return;
      default:
        throw new WeightsUnusable(
          `the weights file's pickle has the opcode 0x${opcode.toString(16)}, not one of torch.save`,
        );
    }
  }

  private global(module: string, name: string): unknown {
    const { globals } = this.options;
    const path = `${module}.${name}`;
    if (Object.hasOwn(globals, path)) return globals[path];
    throw new WeightsUnusable(
      `the weights file names ${path}; Likeness takes files that hold tensors only ` +
        '(in Python: torch.save(model.state_dict(), path))',
    );
  }

  private recall(index: number): unknown {
    if (!this.memo.has(index)) throw new Error('unknown memo');
    return this.memo.get(index);
  }

  private append(items: unknown[]): void {
    const list = this.stack.at(-1);
    if (!Array.isArray(list)) throw new Error('append to no list');
    for (const item of items) list.push(item);
  }

  private setItems(items: unknown[]): void {
    const dict = this.stack.at(-1);
    if (!(dict instanceof Map)) throw new Error('item of no dict');
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
  }

  private pop(): unknown {
    if (this.stack.length === 0) throw new Error('stack is empty');
    return this.stack.pop();
  }

  private popMany(count: number): unknown[] {
    if (this.stack.length < count) throw new Error('stack is too short');
    return this.stack.splice(this.stack.length - count);
  }

  private popToMark(): unknown[] {
    const mark = this.stack.lastIndexOf(MARK);
    if (mark < 0) throw new Error('no mark');
    const items = this.stack.splice(mark);
    return items.slice(1);
  }

  private uint8(): number {
    return this.view.getUint8(this.at++);
  }

  private uint32(): number {
    this.at += 4;
    return this.view.getUint32(this.at - 4, true);
  }

  /** A little-endian two's complement integer; exact up to 53 bits, which covers all that a state dict counts. */
  private long(length: number): number {
    let value = 0n;
    for (let i = 0; i < length; i++) value |= BigInt(this.uint8()) << BigInt(8 * i);
    return Number(BigInt.asIntN(Math.max(1, 8 * length), value));
  }

  private text(length: number): string {
    if (length > MAX_TEXT_BYTES) throw new Error('text too long');
    if (this.at + length > this.bytes.length) throw new Error('text beyond the end');
    this.at += length;
    return new TextDecoder().decode(this.bytes.subarray(this.at - length, this.at));
  }

  private line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end < 0) throw new Error('line without an end');
    const line = new TextDecoder().decode(this.bytes.subarray(this.at, end));
    this.at = end + 1;
    return line;
  }
}
