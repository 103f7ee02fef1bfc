/** The server that is attacked, in a process of its own, so that its memory and its end can be seen: run by `malice.ts`. */

import { modelFolder } from '../../local/model-choice.ts';
import { serveFolder } from '../../local/serve.ts';
import { PictureDecoder } from '../../pictures/decoding/decoder.ts';
import { loadEmbedder } from '../../pictures/embedding/load.ts';
import { silentLogger } from '../../vectorlog/logger.ts';

const decoder = new PictureDecoder({ maxMemoryBytes: Number(process.argv[3]) });
const embedder = await loadEmbedder(await modelFolder(), { decoder });
const { url } = await serveFolder({
  folder: process.argv[2]!,
  port: 0,
  embedder,
  decoder,
  logger: silentLogger,
});
console.log(url);
