/** How many pictures there are, and which model looks at them: asked for seldom, since on AWS every request costs. */

import { type ComponentChildren, createContext } from 'preact';
import { useContext, useEffect, useRef } from 'preact/hooks';
import type { Stats } from '../../client/index.ts';
import { libraryChanged, useLibraryChanges } from '../library/library-version.ts';
import { useConnection } from './connection.tsx';
import { type Answer, useRequest } from './use-request.ts';

/** How often while something is going on that changes the figures. */
const LIVELY_MS = 3_000;
/** How often otherwise; also whenever the reader comes back to the page. */
const CALM_MS = 60_000;

const StatsContext = createContext<Answer<Stats> | undefined>(undefined);

interface StatsProviderProps {
  /** Whether the figures are expected to change; they are as well while pictures wait to be indexed. */
  readonly lively: boolean;
  /** Whether someone looks at the figures: asked for often, and less and less so while nothing changes. */
  readonly watched: boolean;
  readonly children: ComponentChildren;
}

export function StatsProvider({ lively, watched, children }: StatsProviderProps) {
  const { client } = useConnection();
  const answer = useRequest('stats', (signal) => client.stats({ signal }));
  const { retry, trouble, value } = answer;
  const pause = usePause({ value, lively, watched });

  useEffect(() => {
    if (trouble) return;
    const look = () => !document.hidden && retry();
    const timer = setInterval(look, pause);
    addEventListener('focus', look);
    return () => {
      clearInterval(timer);
      removeEventListener('focus', look);
    };
    // Counted anew from each answer.
  }, [pause, retry, trouble, value]);

  // Uploads and deletions of this page are known here before the next look would come.
  useLibraryChanges(retry);

  const before = useRef<number>();
  useEffect(() => {
    if (before.current !== undefined && before.current !== value?.pictures) libraryChanged();
    before.current = value?.pictures;
  }, [value?.pictures]);

  return <StatsContext.Provider value={answer}>{children}</StatsContext.Provider>;
}

/** Milliseconds until the figures are asked for again. */
export function usePause({
  value,
  lively,
  watched,
}: Pick<StatsProviderProps, 'lively' | 'watched'> & { readonly value: Stats | undefined }): number {
  const same = useSame(value);
  if (lively || (value?.queue?.waiting ?? 0) > 0) return LIVELY_MS;
  return watched ? Math.min(LIVELY_MS * 2 ** same, CALM_MS) : CALM_MS;
}

/** How many answers in a row have said the same. */
function useSame(value: Stats | undefined): number {
  const last = useRef<{ value: Stats | undefined; text: string; same: number }>({ value, text: '', same: 0 });
  if (last.current.value !== value) {
    const text = JSON.stringify(value);
    last.current = { value, text, same: text === last.current.text ? last.current.same + 1 : 0 };
  }
  return last.current.same;
}

/** What may be done to the pictures; all of it until the server has said otherwise. */
export const useAllows = (): Stats['allows'] => useStats().value?.allows ?? { uploads: true, deletes: true };

export function useStats(): Answer<Stats> {
  const stats = useContext(StatsContext);
  if (!stats) throw new Error('rendered outside of a StatsProvider');
  return stats;
}
