/** Prints the answer of a search. */

import type { Client } from '../client/client.ts';
import type { SearchAnswer } from '../client/types.ts';
import { SEARCH_LIMITS } from '../functions/search/limits.ts';
import { jsonText, printable } from '../local/printable.ts';
import { inlinePicture, pictureProtocol } from './inline-picture.ts';
import { count, pixelSize, styled, type Terminal, table } from './terminal.ts';

export async function showResults(
  terminal: Terminal,
  client: Client,
  answer: SearchAnswer,
  json = false,
): Promise<void> {
  if (json) {
    terminal.out(jsonText(answer));
    return;
  }
  if (answer.synthetic) {
    terminal.err('The model has SYNTHETIC weights: copies are found, but likeness of meaning is not.');
  }
  const lines = table(
    answer.results.map((result) => [
      result.score.toFixed(3),
      pixelSize(result),
      (result.taken ?? result.lastModified).slice(0, 10),
      result.copies ? `${printable(result.key)} (+${result.copies} like this)` : printable(result.key),
    ]),
    [1],
  );
  const protocol = terminal.interactive ? pictureProtocol() : undefined;
  const small = protocol ? await thumbnailsOf(client, answer) : new Map<string, string>();
  for (const [i, line] of lines.entries()) {
    const { key, url } = answer.results[i]!;
    if (protocol) terminal.out((await picture(small.get(key), protocol)) || (await picture(url, protocol)));
    terminal.out(line);
  }
  if (answer.results.length === 0) terminal.err('Nothing is that similar.');
  const { embedMs, refreshMs, scanMs } = answer.took;
  const about = `${count(answer.searched, 'picture')} compared in ${(embedMs + refreshMs + scanMs).toFixed(0)} ms`;
  if (terminal.interactive) terminal.err(styled(terminal, 'dim', about));
  if (answer.pending > 0) {
    terminal.err(`${count(answer.pending, 'batch')} of recent uploads not taken in yet.`);
  }
}

/** Where small copies are, by key; an original does as well, and costs its bytes. */
async function thumbnailsOf(client: Client, { results }: SearchAnswer): Promise<Map<string, string>> {
  const keys = results.map(({ key }) => key).slice(0, SEARCH_LIMITS.maxThumbnails);
  const { items } =
    keys.length > 0 ? await client.thumbnails(keys).catch(() => ({ items: [] })) : { items: [] };
  return new Map(items.map(({ key, url }) => [key, url]));
}

/** A picture that cannot be shown is no reason to keep back its name. */
async function picture(url: string | undefined, protocol: 'kitty' | 'iterm'): Promise<string> {
  if (url === undefined) return '';
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    return response.ok ? await inlinePicture(new Uint8Array(await response.arrayBuffer()), protocol) : '';
  } catch {
    return '';
  }
}
