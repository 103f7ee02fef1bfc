/** The line below a result: its name and its score, as a number and as a bar. */

import { score as formatScore } from './format.ts';

export function ScoreCaption({ name, title, score }: { name: string; title: string; score: number }) {
  return (
    <div class="tile-caption" aria-hidden="true">
      <span title={title}>{name}</span>
      <span class="tile-score">{formatScore(score)}</span>
      <div class="tile-bar">
        <div style={{ width: `${Math.max(0, Math.min(score, 1)) * 100}%` }} />
      </div>
    </div>
  );
}
