/**
 * The file system as a test wants it: calls that fail, or that find something else. For faults that no disk shows when asked.
 *
 * @example
 * vi.mock(import('node:fs/promises'), async (original) => (await import('./faulty-fs.ts')).faulty(await original()));
 * around.lstat = (_, path) => Promise.reject(fsError('EIO'));
 */

type Call = (...args: readonly unknown[]) => unknown;

/** By the name of a function, what is called in its place: with what would have been done, and the arguments. */
export const around: Record<string, (next: () => Promise<unknown>, ...args: readonly unknown[]) => unknown> =
  {};

/** Leaves the file system as it is again. */
export function noFaults(): void {
  for (const name of Object.keys(around)) delete around[name];
}

export function faulty<T extends object>(fs: T): T {
  const calls = Object.entries(fs)
    .filter(([, call]) => typeof call === 'function')
    .map(([name, call]) => [
      name,
      async (...args: readonly unknown[]) => {
        const next = async () => (call as Call)(...args);
        return around[name] ? around[name](next, ...args) : next();
      },
    ]);
  const wrapped = { ...fs, ...Object.fromEntries(calls) };
  return { ...wrapped, default: wrapped };
}

/** An error as the file system throws it. */
export const fsError = (code: string): Error =>
  Object.assign(new Error(`${code}: as scripted`), { code, syscall: 'scripted' });
