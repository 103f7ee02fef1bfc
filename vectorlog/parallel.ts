/** Work side by side, but not all of it at once. */

/**
 * Starts `tasks` in order, at most `limit` at a time, and returns their promises in the same order. Once one has
 * failed, those that have not begun fail with the same error.
 */
export function inParallel<T>(limit: number, tasks: readonly (() => Promise<T>)[]): Promise<T>[] {
  const waiting: (() => void)[] = [];
  let running = 0;
  let failure: { readonly error: unknown } | undefined;

  const turn = async () => {
    if (running < limit) running++;
    else await new Promise<void>((resolve) => waiting.push(resolve));
  };
  const done = () => {
    const next = waiting.shift();
    if (next) next();
    else running--;
  };

  return tasks.map(async (task) => {
    await turn();
    try {
      if (failure) throw failure.error;
      return await task();
    } catch (error) {
      failure ??= { error };
      throw error;
    } finally {
      done();
    }
  });
}
