/** Starts a search by a picture that is not in the library. */

import { currentRoute, navigate } from '../route/navigation.ts';
import { HOME } from '../route/route.ts';
import { keepPicture } from './kept-pictures.ts';

/** Goes to the search view; filters that are set there stay. */
export function searchByFile(file: Blob): void {
  const here = currentRoute();
  const base = here.view === 'search' ? here : HOME;
  navigate({ ...base, crop: undefined, query: { kept: keepPicture(file) } });
}
