import { describe, expect, it, vi } from 'vitest';
import { patience, patientStore } from '../../local/patient-store.ts';
import { StoreUnavailable } from '../../vectorlog/store/errors.ts';
import { MemoryStore } from '../../vectorlog/testing/memory-store.ts';

/** A file system whose calls end when the test says so. */
function hanging() {
  const store = new MemoryStore();
  const ends: (() => void)[] = [];
  let begun = 0;
  store.head = () => {
    begun++;
    return new Promise((resolve) => ends.push(() => resolve(undefined)));
  };
  return { store, begun: () => begun, wake: () => ends.splice(0).forEach((end) => void end()) };
}

describe('patientStore', () => {
  it('gives up on a file system that hangs, keeps few threads in it, and works again when it does', async () => {
    vi.useFakeTimers();
    const { store, begun, wake } = hanging();
    const patient = patientStore(store, patience('the folder /mnt', 1_000));

    const heads = Array.from({ length: 50 }, (_, i) => patient.head(`${i}.jpg`));
    const outcomes = Promise.allSettled(heads);
    await vi.advanceTimersByTimeAsync(1_000);
    for (const outcome of await outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(StoreUnavailable) });
    expect(begun()).toBeLessThan(16);

    wake();
    await vi.advanceTimersByTimeAsync(0);
    const again = patient.head('a.jpg');
    await vi.advanceTimersByTimeAsync(0);
    wake();
    expect(await again).toBeUndefined();
    vi.useRealTimers();
  });

  it('writes nothing into memory that its caller has given up', async () => {
    vi.useFakeTimers();
    const store = new MemoryStore();
    const ends: (() => void)[] = [];
    store.read = (_key, _range, target = new Uint8Array(2)) =>
      new Promise((resolve) => ends.push(() => resolve(target.fill(7))));
    const patient = patientStore(store, patience('the index', 1_000));
    const memory = new Uint8Array(2);

    const late = patient.read('rows', { start: 0, end: 2 }, memory).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await late).toBeInstanceOf(StoreUnavailable);
    for (const end of ends.splice(0)) end();
    await vi.advanceTimersByTimeAsync(0);
    expect([...memory]).toEqual([0, 0]);

    const inTime = patient.read('rows', { start: 0, end: 2 }, memory);
    await vi.advanceTimersByTimeAsync(0);
    for (const end of ends.splice(0)) end();
    expect(await inTime).toBe(memory);
    expect([...memory]).toEqual([7, 7]);
    vi.useRealTimers();
  });
});
