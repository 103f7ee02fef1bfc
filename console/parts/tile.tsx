/** One picture of a grid: a link to the viewer, a tick, and what a view adds to them. */

import './tile.css';
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import type { ShownPicture } from '../library/sequence.ts';
import { currentRoute, navigate } from '../route/navigation.ts';
import { formatRoute, HOME } from '../route/route.ts';
import { selected, selectTo, toggle, useSelection } from '../selection/selection.ts';
import { Thumbnail } from '../thumbnails/thumbnail.tsx';
import { fileName, pixelsAndDay } from './format.ts';
import { Icon } from './icon.tsx';

export const pictureHref = (key: string): string => formatRoute({ view: 'picture', key });
export const searchHref = (key: string): string => formatRoute({ ...HOME, query: { key } });

/** Opens a picture above the view that is shown. */
export const view = (key: string): void => navigate({ ...currentRoute(), show: key }, 'over');

interface TileProps {
  readonly picture: ShownPicture;
  readonly tabIndex?: 0 | -1;
  /** Said after the key, such as a score. */
  readonly detail?: string;
  /** Buttons at the lower edge, shown while the pointer or the focus is on the tile. */
  readonly actions?: ComponentChildren;
  /** Shown on the picture. */
  readonly badge?: ComponentChildren;
  /** Below the picture. */
  readonly caption?: ComponentChildren;
}

/** Milliseconds that a finger stays on a tile to tick it. */
const LONG_PRESS_MS = 450;

export function Tile({ picture, tabIndex, detail, actions, badge, caption }: TileProps) {
  const { key } = picture;
  const about = pixelsAndDay(picture);
  const ticks = useSelection();
  const ticked = ticks.has(key);
  const press = useRef<ReturnType<typeof setTimeout>>();
  const pressed = useRef(false);
  const endPress = () => clearTimeout(press.current);

  const onClick = (event: MouseEvent) => {
    event.preventDefault();
    if (pressed.current) pressed.current = false;
    else if (event.shiftKey) selectTo(picture);
    else if (event.ctrlKey || event.metaKey || selected().size > 0) toggle(picture);
    else view(key);
  };
  return (
    <div class="tile" data-ticked={ticked ? '' : undefined} data-picking={ticks.size > 0 ? '' : undefined}>
      <a
        class="tile-link"
        data-tile
        data-key={key}
        href={formatRoute({ ...currentRoute(), show: key })}
        tabIndex={tabIndex}
        aria-label={detail ? `${key}, ${detail}` : key}
        aria-description={about || undefined}
        onClick={onClick}
        onKeyDown={(event) => {
          if (event.key !== 'x' && event.key !== ' ') return;
          event.preventDefault();
          if (event.shiftKey) selectTo(picture);
          else toggle(picture);
        }}
        onContextMenu={(event) => pressed.current && event.preventDefault()}
        onPointerDown={(event) => {
          pressed.current = false;
          if (event.pointerType === 'mouse') return;
          press.current = setTimeout(() => {
            pressed.current = true;
            toggle(picture);
          }, LONG_PRESS_MS);
        }}
        onPointerUp={endPress}
        onPointerCancel={endPress}
        onPointerLeave={endPress}
      >
        <Thumbnail picture={picture} alt="" />
        {!caption && (
          <span class="tile-name" aria-hidden="true">
            {fileName(key)}
            {about && <span class="tile-about">{about}</span>}
          </span>
        )}
        {badge && <span class="tile-badge">{badge}</span>}
      </a>
      <button
        type="button"
        class="tile-tick"
        aria-pressed={ticked}
        aria-label={`Select ${key}`}
        tabIndex={tabIndex}
        onClick={(event) => {
          // The end of the long press that brought this button under the finger.
          if (pressed.current) pressed.current = false;
          else if (event.shiftKey) selectTo(picture);
          else toggle(picture);
        }}
      >
        <Icon name="check" size={14} />
      </button>
      {actions && <div class="tile-actions">{actions}</div>}
      {caption}
    </div>
  );
}
