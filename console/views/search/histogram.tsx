/** How many pictures have which score, above the slider that cuts them off. */

import './histogram.css';
import type { SearchAnswer } from '../../../client/index.ts';
import { count } from '../../parts/format.ts';

interface HistogramProps {
  readonly histogram: NonNullable<SearchAnswer['histogram']>;
  readonly minScore: number;
  readonly shown: number;
}

export function Histogram({ histogram: { counts, estimated }, minScore, shown }: HistogramProps) {
  // The root, so that the few pictures that are much alike can be seen beside the many that are not.
  const highest = Math.sqrt(Math.max(...counts, 1));
  const from = Math.floor(minScore * counts.length);
  const passing = counts.slice(from).reduce((sum, each) => sum + each, 0);
  return (
    <div class="histogram">
      <div class="histogram-bars" aria-hidden="true">
        {counts.map((each, at) => (
          <span
            key={at}
            data-out={at < from ? '' : undefined}
            style={{ height: `${(Math.sqrt(each) / highest) * 100}%` }}
          />
        ))}
      </div>
      <p class="small quiet figures">
        {estimated ? 'About ' : ''}
        {count(Math.max(passing, shown))} {minScore > 0 ? `score ${minScore.toFixed(2)} or more` : 'pictures'}
        , {count(shown)} shown
      </p>
    </div>
  );
}
