/** The buttons and the keys that enlarge a picture, for whatever shows one large. */

import { Button } from '../parts/button.tsx';
import { type Look, WHOLE, zoomed } from './zoom.ts';

const STEP = 1.5;

interface ZoomProps {
  readonly look: Look;
  readonly onLook: (look: Look) => void;
}

export function ZoomButtons({ look, onLook }: ZoomProps) {
  return (
    <>
      <Button
        look="plain"
        icon="minus"
        title="Smaller (-)"
        aria-label="Smaller"
        disabled={look.scale <= 1}
        onClick={() => onLook(zoomed(look, 1 / STEP))}
      />
      <Button
        look="plain"
        icon="plus"
        title="Larger (+)"
        aria-label="Larger"
        onClick={() => onLook(zoomed(look, STEP))}
      />
    </>
  );
}

/** What each key does; for the keydown handler of the dialog around. */
export const zoomKeys = ({ look, onLook }: ZoomProps): Readonly<Record<string, () => void>> => ({
  '+': () => onLook(zoomed(look, STEP)),
  '=': () => onLook(zoomed(look, STEP)),
  '-': () => onLook(zoomed(look, 1 / STEP)),
  '0': () => onLook(WHOLE),
});
