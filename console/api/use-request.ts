/** Asks the server for what a view shows, tells how that goes, and asks again when the fault may pass. */

import { useCallback, useEffect, useState } from 'preact/hooks';
import { Lru } from '../../vectorlog/lru.ts';
import { type Trouble, troubleOf } from './trouble.ts';

export interface Answer<T> {
  /** The last good answer to this question; stays while it is asked again. */
  readonly value: T | undefined;
  readonly trouble: Trouble | undefined;
  readonly loading: boolean;
  /** Loading for so long that the reader should be told. */
  readonly slow: boolean;
  readonly retry: () => void;
}

const SLOW_AFTER_MS = 2_500;
const RETRY_AFTER_MS = 2_000;
const RETRY_AT_MOST_MS = 30_000;

/** Answers of this visit, so that "back" shows at once what was there. */
const answers = new Lru<string, unknown>(40);

/**
 * @param question names the request; another name is another request, `undefined` is none
 * @param load makes the request; called again for a new question, on `retry`, and after a passing fault
 */
export function useRequest<T>(
  question: string | undefined,
  load: (signal: AbortSignal) => Promise<T>,
): Answer<T> {
  const [state, setState] = useState<{ question?: string; trouble?: Trouble; done?: true; slow?: true }>({});
  const [round, setRound] = useState(0);

  // `question` stands for everything that `load` closes over.
  useEffect(() => {
    if (question === undefined) return;
    const abort = new AbortController();
    const timers: ReturnType<typeof setTimeout>[] = [];
    let failures = 0;
    setState({ question });

    const ask = async () => {
      const slow = setTimeout(() => setState((now) => ({ ...now, slow: true })), SLOW_AFTER_MS);
      timers.push(slow);
      try {
        answers.set(question, await load(abort.signal));
        if (!abort.signal.aborted) setState({ question, done: true });
      } catch (error) {
        if (abort.signal.aborted) return;
        const trouble = troubleOf(error);
        setState({ question, trouble, done: true });
        if (trouble.passing) {
          timers.push(setTimeout(ask, Math.min(RETRY_AFTER_MS * 2 ** failures, RETRY_AT_MOST_MS)));
          failures += 1;
        }
      } finally {
        clearTimeout(slow);
      }
    };
    ask();
    return () => {
      abort.abort();
      for (const timer of timers) clearTimeout(timer);
    };
  }, [question, round]);

  // Until the effect has run, the state is still that of the question before.
  const current = state.question === question ? state : {};
  return {
    value: question === undefined ? undefined : (answers.get(question) as T | undefined),
    trouble: current.trouble,
    loading: question !== undefined && !current.done,
    slow: current.slow ?? false,
    retry: useCallback(() => setRound((now) => now + 1), []),
  };
}
