/** The server that is attacked, in a process of its own, so that its memory and its end can be seen: run by `malice.ts`. */

import { modelFolder } from '../../local/model-choice.ts';
import { serveFolder } from '../../local/serve.ts';
import { PictureDecoder } from '../../pictures/decoding/decoder.ts';
import { loadEmbedder } from '../../pictures/embedding/load.ts';
import { type LogFields, silentLogger } from '../../vectorlog/logger.ts';

/** Complaints go to standard error, with the causes of errors. */
function complain(message: string, { error, ...fields }: LogFields = {}): void {
  const causes: string[] = [];
  for (let each = error; each instanceof Error; each = each.cause) causes.push(each.stack ?? each.message);
  console.error(JSON.stringify({ message, ...fields, causes }));
}

const decoder = new PictureDecoder({ maxMemoryBytes: Number(process.argv[3]) });
const embedder = await loadEmbedder(await modelFolder(), { decoder, apart: true });
const { url } = await serveFolder({
  folder: process.argv[2]!,
  port: 0,
  embedder,
  decoder,
  logger: { ...silentLogger, warn: complain, error: complain },
});
console.log(url);
