/** How many pictures have which score, above the slider that cuts them off. */

import './histogram.css';
import type { SearchAnswer } from '../../../client/index.ts';
import { count } from '../../parts/format.ts';

type Scores = NonNullable<SearchAnswer['histogram']>;

export function Histogram({ histogram: { counts }, minScore }: { histogram: Scores; minScore: number }) {
  // The root, so that the few pictures that are much alike can be seen beside the many that are not.
  const highest = Math.sqrt(Math.max(...counts, 1));
  const from = Math.floor(minScore * counts.length);
  return (
    <div class="histogram" aria-hidden="true">
      {counts.map((each, at) => (
        <span
          key={at}
          data-out={at < from ? '' : undefined}
          style={{ height: `${(Math.sqrt(each) / highest) * 100}%` }}
        />
      ))}
    </div>
  );
}

/** `About 312 score 0.62 or more, 60 shown` */
export function passing({ counts, estimated }: Scores, minScore: number, shown: number): string {
  const sum = counts.slice(Math.floor(minScore * counts.length)).reduce((all, each) => all + each, 0);
  const figure = `${estimated ? 'About ' : ''}${count(Math.max(sum, shown))}`;
  return `${figure} ${minScore > 0 ? `score ${minScore.toFixed(2)} or more` : 'pictures'}, ${count(shown)} shown`;
}
