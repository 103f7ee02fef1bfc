/** Groups of pictures that are the same, as the server finds them: page by page, with its progress. */

import { useCallback, useEffect, useState } from 'preact/hooks';
import type { DuplicatesPage } from '../../../client/index.ts';
import { useConnection } from '../../api/connection.tsx';
import { type Trouble, troubleOf } from '../../api/trouble.ts';

export type DuplicateGroup = DuplicatesPage['groups'][number];

export interface Duplicates {
  readonly groups: readonly DuplicateGroup[];
  /** Pictures that have been compared with all others, and how many there are. */
  readonly compared: number;
  readonly total: number | undefined;
  readonly state: 'searching' | 'paused' | 'complete';
  readonly trouble: Trouble | undefined;
  /** Goes on after a pause or a fault. */
  readonly more: () => void;
  /** Takes deleted pictures out of their groups. */
  readonly drop: (keys: readonly string[]) => void;
}

/** Groups that are shown before someone asks for more. */
const PAUSE_AFTER = 24;
const RETRY_AFTER_MS = 2_500;

const NOTHING = { groups: [], compared: 0, total: undefined, cursor: undefined, complete: false };

interface Found {
  readonly groups: readonly DuplicateGroup[];
  readonly compared: number;
  readonly total: number | undefined;
  readonly cursor: string | undefined;
  readonly complete: boolean;
}

export function useDuplicates(minScore: number): Duplicates {
  const { client } = useConnection();
  const [found, setFound] = useState<Found>(NOTHING);
  const [wanted, setWanted] = useState(PAUSE_AFTER);
  const [trouble, setTrouble] = useState<Trouble>();
  const [attempt, setAttempt] = useState(0);

  // Another score is another search.
  const [searched, setSearched] = useState(minScore);
  if (searched !== minScore) {
    setSearched(minScore);
    setFound(NOTHING);
    setWanted(PAUSE_AFTER);
    setTrouble(undefined);
  }

  const searching = !found.complete && found.groups.length < wanted && (!trouble || trouble.passing);
  // `attempt` asks again for the page that failed.
  useEffect(() => {
    if (!searching) return;
    const abort = new AbortController();
    let again: ReturnType<typeof setTimeout> | undefined;
    client
      .duplicates({
        minScore,
        ...(found.cursor !== undefined && { cursor: found.cursor }),
        signal: abort.signal,
      })
      .then(
        (page) => {
          setTrouble(undefined);
          setFound((before) => ({
            groups: [...before.groups, ...page.groups],
            compared: before.compared + page.compared,
            total: page.total,
            cursor: page.cursor,
            complete: page.cursor === undefined,
          }));
        },
        (error: unknown) => {
          if (abort.signal.aborted) return;
          const met = troubleOf(error);
          setTrouble(met);
          if (met.passing) again = setTimeout(() => setAttempt((now) => now + 1), RETRY_AFTER_MS);
        },
      );
    return () => {
      abort.abort();
      clearTimeout(again);
    };
  }, [client, minScore, found.cursor, searching, attempt]);

  return {
    groups: found.groups,
    compared: found.compared,
    total: found.total,
    state: found.complete ? 'complete' : searching ? 'searching' : 'paused',
    trouble,
    more: useCallback(() => {
      setTrouble(undefined);
      setAttempt((now) => now + 1);
      setWanted((now) => now + PAUSE_AFTER);
    }, []),
    drop: useCallback(
      (keys) =>
        setFound((before) => ({
          ...before,
          groups: before.groups
            .map((group) => ({ ...group, pictures: group.pictures.filter(({ key }) => !keys.includes(key)) }))
            .filter(({ pictures }) => pictures.length > 1),
        })),
      [],
    ),
  };
}
