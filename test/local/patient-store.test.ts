import { describe, expect, it, vi } from 'vitest';
import { patientStore } from '../../local/patient-store.ts';
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
    const patient = patientStore(store, 'the folder /mnt', 1_000);

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
});
