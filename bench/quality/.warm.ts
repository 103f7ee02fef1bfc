import { SampleCache } from '/work/wt/dups/bench/quality/library.ts';
import { chooseOriginals } from '/work/wt/dups/bench/quality/originals.ts';
import { loadEmbedder } from '/work/wt/dups/pictures/embedding/load.ts';

const e = await loadEmbedder('/tmp/dups/models/resnet50-pqf');
let n = 0;
const t = Date.now();
const cache = new SampleCache('/tmp/dups/cache', e, () => {
  if (++n % 100 === 0) console.log(n, (Date.now() - t) / 1000);
});
const { originals, gallery } = await chooseOriginals({
  rendered: 26,
  painted: 8,
  photos: 12,
  others: 300,
  folders: ['/work/shared/photos'],
});
console.log(originals.length, gallery.length);
for (const s of originals) await cache.samples(s, true);
for (const s of gallery) await cache.samples(s, false);
console.log('done', n, (Date.now() - t) / 1000);
