/** Counts the bytes that a compaction moves through itself. */

import { type ComposePart, type ObjectStore, rangeLength } from '../../vectorlog/store/object-store.ts';
import { planParts } from '../../vectorlog/store/s3/multipart-plan.ts';

export interface Meter {
  sent: number;
  received: number;
}

/**
 * `store`, with the bytes that go to it and come from it added to `meter`.
 *
 * @param isS3 whether parts too small to be copied are read and sent again, as on S3
 */
export function metered(store: ObjectStore, meter: Meter, isS3: boolean): ObjectStore {
  return {
    get: async (key, options) => {
      const object = await store.get(key, options);
      meter.received += object.body.byteLength;
      return object;
    },
    read: async (key, range, target) => {
      meter.received += rangeLength(range);
      return store.read(key, range, target);
    },
    head: (key) => store.head(key),
    list: (options) => store.list(options),
    put: (key, body, options) => {
      meter.sent += body.byteLength;
      return store.put(key, body, options);
    },
    putIfAbsent: (key, body, options) => {
      meter.sent += body.byteLength;
      return store.putIfAbsent(key, body, options);
    },
    compose: async (key, parts, options) => {
      const shape: ComposePart[] = [];
      async function* watched() {
        for await (const part of parts) {
          // Of bytes only their number counts from here on: the plan looks at nothing else.
          if (isS3) shape.push(part instanceof Uint8Array ? new Uint8Array(part.byteLength) : part);
          else if (part instanceof Uint8Array) meter.sent += part.byteLength;
          yield part;
        }
      }
      const composed = await store.compose(key, watched(), options);
      if (!isS3) return composed;
      for await (const part of planParts(shape)) {
        if (part.kind === 'copy') continue;
        meter.sent += part.size;
        for (const piece of part.pieces)
          if (!(piece instanceof Uint8Array)) meter.received += rangeLength(piece.range);
      }
      return composed;
    },
    delete: (keys) => store.delete(keys),
  };
}
