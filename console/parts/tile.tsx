/** One picture of a grid: a link, and where it is a search result its score. */

import './tile.css';
import type { Picture } from '../../client/index.ts';
import { formatRoute, HOME } from '../route/route.ts';
import { Thumbnail } from '../thumbnails/thumbnail.tsx';
import { fileName, score as formatScore } from './format.ts';
import { Icon } from './icon.tsx';

/** What a tile shows; results and items of the library both are. */
export type TilePicture = Pick<Picture, 'key' | 'url' | 'lastModified'>;

export const pictureHref = (key: string): string => formatRoute({ view: 'picture', key });
export const searchHref = (key: string): string => formatRoute({ ...HOME, query: { key } });

/** A tile that opens the picture. */
export function PictureTile({ picture, tabIndex }: { picture: TilePicture; tabIndex?: 0 | -1 }) {
  const name = fileName(picture.key);
  return (
    <div class="tile">
      <a
        class="tile-link"
        data-tile
        href={pictureHref(picture.key)}
        tabIndex={tabIndex}
        aria-label={picture.key}
      >
        <Thumbnail picture={picture} alt="" />
        <span class="tile-name" aria-hidden="true">
          {name}
        </span>
      </a>
    </div>
  );
}

/** A tile that searches by the picture. */
export function SearchTile({ picture }: { picture: TilePicture }) {
  return (
    <div class="tile">
      <a class="tile-link" href={searchHref(picture.key)} aria-label={`Search by ${picture.key}`}>
        <Thumbnail picture={picture} alt="" />
        <span class="tile-name" aria-hidden="true">
          {fileName(picture.key)}
        </span>
      </a>
    </div>
  );
}

interface ResultTileProps {
  readonly picture: TilePicture;
  readonly score: number;
  /** Where a click leads: the search by this picture. */
  readonly href: string;
}

/** A tile that searches by the picture, with its score and a way to its details. */
export function ResultTile({ picture, score, href }: ResultTileProps) {
  const name = fileName(picture.key);
  const figure = formatScore(score);
  return (
    <div class="tile">
      <a class="tile-link" href={href} aria-label={`Search by ${picture.key}, score ${figure}`}>
        <Thumbnail picture={picture} alt="" />
      </a>
      <a class="tile-details" href={pictureHref(picture.key)} aria-label={`Details of ${picture.key}`}>
        <Icon name="info" size={18} />
      </a>
      <div class="tile-caption" aria-hidden="true">
        <span title={picture.key}>{name}</span>
        <span class="tile-score">{figure}</span>
        <div class="tile-bar">
          <div style={{ width: `${Math.max(0, Math.min(score, 1)) * 100}%` }} />
        </div>
      </div>
    </div>
  );
}
