/** Reads a state dict from what `torch.save` writes: a zip since PyTorch 1.6, a row of pickles before. */

import { unzipSync } from 'fflate';
import { WeightsUnusable } from './errors.ts';
import { type PickleOptions, readPickle } from './pickle.ts';
import {
  BYTES_PER_NUMBER,
  elements,
  type NumberFormat,
  type StateDict,
  type Tensor,
  toFloat32,
} from './tensor.ts';

/** Bytes of a file unzipped, and of all tensors in float32: several times what ResNet50 has, in float64. */
const MAX_BYTES = 1024 ** 3;

/** A run of numbers that tensors look into. `format` is undefined for integers, which no weight is made of. */
interface Storage {
  readonly format: NumberFormat | undefined;
  readonly key: string;
}

/** A tensor as the pickle describes it: a window on a storage, all in numbers, not bytes. */
class TensorView {
  constructor(
    readonly storage: Storage,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}
}

/** A storage's class stands for the format of its numbers; integers are counters of the training. */
const STORAGE_CLASSES: Readonly<Record<string, NumberFormat | undefined>> = {
  'torch.DoubleStorage': 'F64',
  'torch.FloatStorage': 'F32',
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.LongStorage': undefined,
  'torch.IntStorage': undefined,
};

const PICKLE: PickleOptions = {
  globals: {
    ...STORAGE_CLASSES,
    'collections.OrderedDict': (pairs: [unknown, unknown][] = []) => new Map(pairs),
    'torch._utils._rebuild_tensor_v2': (
      storage: Storage,
      offset: number,
      shape: number[],
      strides: number[],
    ) => new TensorView(storage, offset, shape, strides),
    'torch._utils._rebuild_parameter': (tensor: unknown) => tensor,
  },
  persistent: (id) => {
    const [kind, format, key] = id as [string, NumberFormat | undefined, string];
    if (kind !== 'storage')
      throw new WeightsUnusable(`the weights file refers to a ${kind}, which is not a tensor`);
    return { format, key } satisfies Storage;
  },
};

/** @throws WeightsUnusable when the file is damaged or holds more than tensors. */
export function readZippedPth(bytes: Uint8Array): StateDict {
  const files = unzip(bytes);
  const pickle = Object.keys(files).find((name) => name.endsWith('/data.pkl'));
  if (!pickle) throw new WeightsUnusable('the .pth file has no data.pkl; it was not written by torch.save');
  const folder = pickle.slice(0, -'data.pkl'.length);
  return materialise(readPickle(files[pickle]!, PICKLE).value, (key) => files[`${folder}data/${key}`]);
}

function unzip(bytes: Uint8Array): Record<string, Uint8Array> {
  let total = 0;
  try {
    return unzipSync(bytes, {
      filter: ({ originalSize }) => {
        total += originalSize;
        if (total > MAX_BYTES)
          throw new WeightsUnusable(`the .pth file unzips to more than ${MAX_BYTES} bytes`);
        return true;
      },
    });
  } catch (error) {
    if (error instanceof WeightsUnusable) throw error;
    throw new WeightsUnusable('the .pth file is cut off or damaged', { cause: error });
  }
}

/** Before the zip: magic number, protocol, system, state dict, list of keys; then each storage's count and numbers. */
export function readLegacyPth(bytes: Uint8Array): StateDict {
  let end = 0;
  const next = (): unknown => {
    const read = readPickle(bytes, PICKLE, end);
    end = read.end;
    return read.value;
  };
  next(); // magic number
  next(); // protocol
  next(); // system
  const root = next();
  const keys = next();
  if (!Array.isArray(keys)) throw new WeightsUnusable('the .pth file has no list of its storages');
  const formats = new Map<unknown, NumberFormat | undefined>();
  for (const [name, view] of views(root)) {
    if (!isWindow(view)) throw new WeightsUnusable(`the .pth file describes ${name} wrongly`);
    formats.set(view.storage.key, view.storage.format);
  }
  const storages = new Map<unknown, Uint8Array>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const key of keys) {
    if (end + 8 > bytes.length) throw new WeightsUnusable('the .pth file is cut off');
    const count = Number(view.getBigUint64(end, true));
    const format = formats.get(key);
    // The only integers in a network's state are 64-bit counters.
    const length = count * (format ? BYTES_PER_NUMBER[format] : 8);
    storages.set(key, bytes.subarray(end + 8, end + 8 + length));
    end += 8 + length;
  }
  return materialise(root, (key) => storages.get(key));
}

function views(root: unknown): [string, TensorView][] {
  if (!(root instanceof Map)) throw new WeightsUnusable('the .pth file holds no dictionary of tensors');
  return [...root].filter((entry): entry is [string, TensorView] => entry[1] instanceof TensorView);
}

function materialise(root: unknown, bytesOf: (key: string) => Uint8Array | undefined): StateDict {
  const tensors = new Map<string, Tensor>();
  let total = 0;
  for (const [name, view] of views(root)) {
    if (!isWindow(view)) throw new WeightsUnusable(`the .pth file describes ${name} wrongly`);
    const { format, key } = view.storage;
    if (!format) continue;
    // Many tensors may look into one storage.
    total += elements(view.shape) * 4;
    if (total > MAX_BYTES)
      throw new WeightsUnusable(`the tensors of the .pth file take more than ${MAX_BYTES} bytes`);
    const bytes = bytesOf(key);
    if (!bytes) throw new WeightsUnusable(`the .pth file has no data for ${name}`);
    tensors.set(name, { shape: view.shape, data: gather(name, view, bytes, format) });
  }
  return tensors;
}

/** Whether a view is made of what a pickle should have given it; a pickle may give anything. */
function isWindow({ storage, offset, shape, strides }: TensorView): boolean {
  const counts = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((number) => Number.isSafeInteger(number) && number >= 0);
  const known = typeof storage === 'object' && storage !== null && typeof storage.key === 'string';
  return known && counts([offset]) && counts(shape) && counts(strides) && shape.length === strides.length;
}

/** The numbers of a view; torch keeps weights contiguous, so the one that is not was saved on purpose and is refused. */
function gather(name: string, view: TensorView, bytes: Uint8Array, format: NumberFormat): Float32Array {
  let stride = 1;
  for (let axis = view.shape.length - 1; axis >= 0; axis--) {
    const side = view.shape[axis]!;
    if (side !== 1 && view.strides[axis] !== stride) {
      throw new WeightsUnusable(`${name} is not contiguous; save it with .contiguous()`);
    }
    stride *= side;
  }
  const start = view.offset * BYTES_PER_NUMBER[format];
  const end = start + elements(view.shape) * BYTES_PER_NUMBER[format];
  if (end > bytes.length) throw new WeightsUnusable(`the .pth file is cut off in ${name}`);
  return toFloat32(bytes.subarray(start, end), format);
}
