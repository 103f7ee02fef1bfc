/** A value that has stopped changing: a slider is dragged through many, and only the last one is worth a search. */

import { useEffect, useState } from 'preact/hooks';

const SETTLES_MS = 300;

export function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), SETTLES_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
