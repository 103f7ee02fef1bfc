/** What stands below a result: its name and score, what is known of the picture, and the score as a bar. */

import type { ShownPicture } from '../library/sequence.ts';
import { fileName, score as formatScore, pixelsAndDay } from './format.ts';

export function ScoreCaption({ picture, score }: { picture: ShownPicture; score: number }) {
  const { key } = picture;
  const about = pixelsAndDay(picture);
  return (
    <div class="tile-caption" aria-hidden="true">
      <span title={key}>{fileName(key)}</span>
      <span class="tile-score">{formatScore(score)}</span>
      <div class="tile-bar">
        <div style={{ width: `${Math.max(0, Math.min(score, 1)) * 100}%` }} />
      </div>
      {about && <span class="tile-about">{about}</span>}
    </div>
  );
}
