/** Says on every page that the model's weights are random: nobody may take its answers for the real ones. */

import { useStats } from '../api/use-stats.tsx';
import { Notice } from '../parts/notice.tsx';

export function SyntheticBanner() {
  const { value } = useStats();
  if (!value?.model.synthetic) return null;
  return (
    <Notice tone="warning" title="These are not real results.">
      The model runs on synthetic weights: copies of a picture are found, pictures that show alike things are
      not. The manual says how to get trained weights.
    </Notice>
  );
}
