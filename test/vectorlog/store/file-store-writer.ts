/** A process that writes into a folder store, for the tests that race several of them or kill one. */

import { FileStore } from '../../../vectorlog/store/file-store.ts';
import { pattern } from './conformance.ts';

const [, , mode, folder, name, rounds] = process.argv;
const store = new FileStore(folder!);

if (mode === 'race') {
  const won: boolean[] = [];
  for (let round = 0; round < Number(rounds); round++)
    won.push(await store.putIfAbsent(`race/${round}`, new TextEncoder().encode(`${name}`)));
  process.stdout.write(JSON.stringify(won));
} else {
  for (let seed = 0; ; seed++) {
    const metadata = { seed: String(seed) };
    // Once every key has been written: a byte as each further write begins.
    if (seed > 3) process.stdout.write('.');
    await store.put(`object ${seed % 3}`, pattern(2_000_000 + seed, seed), { metadata });
  }
}
