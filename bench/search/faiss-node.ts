/** faiss-node, on the file as it is; one call takes any number of queries. */

import faiss from 'faiss-node';
import { byQuery, type Contender, joined, K, timed } from './contender.ts';

export function faissNode(file: string): Contender {
  const index = faiss.IndexFlatIP.read(file);
  return {
    name: 'faiss-node',
    async search(queries) {
      // It takes JavaScript arrays; making one is not its fault, so it is not counted.
      const numbers = Array.from(joined(queries));
      const { ms, value } = await timed(() => index.search(numbers, K));
      return { ms, rows: byQuery(value.labels) };
    },
    close: async () => {},
  };
}
