/** How many pictures there are, and which model looks at them: asked for seldom, since on AWS every request costs. */

import { type ComponentChildren, createContext } from 'preact';
import { useContext, useEffect, useRef } from 'preact/hooks';
import type { Stats } from '../../client/index.ts';
import { libraryChanged, useLibraryChanges } from '../library/library-version.ts';
import { useConnection } from './connection.tsx';
import { type Answer, useRequest } from './use-request.ts';

/** How often while something is going on that changes the figures, or someone looks at them. */
const LIVELY_MS = 3_000;
/** How often otherwise; also whenever the reader comes back to the page. */
const CALM_MS = 60_000;

const StatsContext = createContext<Answer<Stats> | undefined>(undefined);

interface StatsProviderProps {
  /** Whether the figures are expected to change; they are as well while pictures wait to be indexed. */
  readonly lively: boolean;
  readonly children: ComponentChildren;
}

export function StatsProvider({ lively, children }: StatsProviderProps) {
  const { client } = useConnection();
  const answer = useRequest('stats', (signal) => client.stats({ signal }));
  const { retry, trouble, value } = answer;
  const often = lively || (value?.queue?.waiting ?? 0) > 0;

  useEffect(() => {
    if (trouble) return;
    const look = () => !document.hidden && retry();
    const timer = setInterval(look, often ? LIVELY_MS : CALM_MS);
    addEventListener('focus', look);
    return () => {
      clearInterval(timer);
      removeEventListener('focus', look);
    };
  }, [often, retry, trouble]);

  // Uploads and deletions of this page are known here before the next look would come.
  useLibraryChanges(retry);

  const before = useRef<number>();
  useEffect(() => {
    if (before.current !== undefined && before.current !== value?.pictures) libraryChanged();
    before.current = value?.pictures;
  }, [value?.pictures]);

  return <StatsContext.Provider value={answer}>{children}</StatsContext.Provider>;
}

/** What may be done to the pictures; all of it until the server has said otherwise. */
export const useAllows = (): Stats['allows'] => useStats().value?.allows ?? { uploads: true, deletes: true };

export function useStats(): Answer<Stats> {
  const stats = useContext(StatsContext);
  if (!stats) throw new Error('rendered outside of a StatsProvider');
  return stats;
}
