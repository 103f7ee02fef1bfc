/** An id that no other element of the page has. Preact's own `useId` gives the same one in different parts of a tree. */

import { useState } from 'preact/hooks';

let last = 0;

export function useId(): string {
  const [id] = useState(() => {
    last += 1;
    return `id-${last}`;
  });
  return id;
}
