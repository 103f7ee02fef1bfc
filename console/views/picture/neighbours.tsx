/** The pictures most like one, in a row below its details. */

import { useConnection } from '../../api/connection.tsx';
import { useRequest } from '../../api/use-request.ts';
import { useSequence } from '../../library/sequence.ts';
import { score as formatScore } from '../../parts/format.ts';
import { ScoreCaption } from '../../parts/score-caption.tsx';
import { Tile } from '../../parts/tile.tsx';
import { TroubleNotice } from '../../parts/trouble-notice.tsx';

const SHOWN = 12;

export function Neighbours({ pictureKey }: { pictureKey: string }) {
  const { client } = useConnection();
  const { value, trouble, retry } = useRequest(`neighbours ${pictureKey}`, (signal) =>
    client.similar(pictureKey, { k: SHOWN, signal }),
  );
  useSequence({ items: value?.results ?? [] });
  if (value?.results.length === 0) return null;
  return (
    <section class="picture-neighbours" aria-labelledby="neighbours">
      <h2 id="neighbours">Most like it</h2>
      {trouble && <TroubleNotice trouble={trouble} retry={retry} />}
      <ul class="tiles">
        {value?.results.map((result) => (
          <li key={result.key}>
            <Tile
              picture={result}
              detail={`score ${formatScore(result.score)}`}
              caption={<ScoreCaption picture={result} score={result.score} />}
            />
          </li>
        ))}
      </ul>
    </section>
  );
}
