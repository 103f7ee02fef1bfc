import { writeFileSync } from 'node:fs';
import { compare, prepare } from '../../pictures/duplicates/compare.ts';
import { loadEmbedder } from '../../pictures/embedding/load.ts';
import { CHANGES } from './changes.ts';
import { SampleCache } from './library.ts';
import { chooseOriginals } from './originals.ts';

const e = await loadEmbedder('/tmp/dups/models/resnet50-pqf');
const cache = new SampleCache('/tmp/dups/cache', e);
const { originals, gallery } = await chooseOriginals({
  rendered: 26,
  painted: 8,
  photos: 12,
  others: 300,
  folders: ['/work/shared/photos'],
});
const G = [];
for (const s of gallery) G.push(...(await cache.samples(s, false)));
const prepared = G.map((s) => prepare(s.fingerprint));
const out: unknown[] = [];
let t = 0,
  n = 0,
  first = 0,
  copies = 0;
for (const o of originals) {
  for (const s of (await cache.samples(o, true)).slice(1)) {
    copies++;
    const scores = G.map((g, i) => {
      let d = 0;
      for (let k = 0; k < 2048; k++) d += g.embedding[k]! * s.embedding[k]!;
      return [i, d] as const;
    }).sort((x, y) => y[1] - x[1]);
    if (G[scores[0]![0]]!.source.name === o.name) first++;
    const b = prepare(s.fingerprint);
    for (const [rank, [i, cosine]] of scores.slice(0, 8).entries()) {
      const t0 = performance.now();
      const c = compare(prepared[i]!, b);
      t += performance.now() - t0;
      n++;
      out.push({
        o: o.name,
        kind: o.kind,
        change: CHANGES[s.change]!.name,
        light: CHANGES[s.change]!.light,
        rank,
        g: G[i]!.source.name,
        y: G[i]!.source.name === o.name ? 1 : 0,
        cosine,
        ...c,
      });
    }
  }
}
writeFileSync('/tmp/dups/pairs.json', JSON.stringify(out));
console.log({ copies, first: first / copies, ms: t / n, n });
