/** Whether something has been waited for so long that the reader should be told. */

import { useEffect, useState } from 'preact/hooks';

const SLOW_AFTER_MS = 2_500;

export function useSlow(waiting: boolean): boolean {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    if (!waiting) return;
    const timer = setTimeout(() => setSlow(true), SLOW_AFTER_MS);
    return () => {
      clearTimeout(timer);
      setSlow(false);
    };
  }, [waiting]);
  return slow && waiting;
}
