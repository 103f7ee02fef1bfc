/** `likeness search`: the indexed pictures most like a picture file. */

import { type Command, InvalidArgumentError } from 'commander';
import type { SearchOptions } from '../../client/types.ts';
import { connect, type ServerFlags } from '../connection.ts';
import { UsageError } from '../errors.ts';
import { readPicture } from '../files.ts';
import { fitForSearch } from '../fit-for-search.ts';
import { addSearchFlags, type SearchFlags, searchOptions, weighted } from '../search-flags.ts';
import { showResults } from '../show-results.ts';
import type { Terminal } from '../terminal.ts';

interface Flags extends ServerFlags, SearchFlags {
  readonly crop?: NonNullable<SearchOptions['crop']>;
}

export function searchCommand(program: Command, terminal: Terminal): void {
  addSearchFlags(program.command('search'))
    .summary('find the pictures most like a picture, or several')
    .description(
      'Finds the indexed pictures that are most like a picture, or like several together. Prints the cosine similarity, the pixels, when it was taken or else last changed, and the key.',
    )
    .argument('<images...>', 'picture files, or - for standard input')
    .option('--crop <x,y,width,height>', 'search for a part of the picture, in fractions of its sides', crop)
    .addHelpText(
      'after',
      `
Examples:
  likeness search beach.jpg
  likeness search beach.jpg -k 50 --min-score 0.8 --prefix 2024/
  likeness search red.jpg chair.jpg sofa.jpg --weights 1,1,-0.5
  likeness search beach.jpg --range taken:2023..2024 --range width:1920.. --distinct
  likeness search group.jpg --crop 0.25,0.1,0.5,0.5
  curl -s https://example.com/cat.jpg | likeness search - --json`,
    )
    .action(async (images: string[], _options, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      const pictures: { image: Uint8Array }[] = [];
      for (const image of images) pictures.push({ image: await fitForSearch(await readPicture(image)) });
      const client = await connect(flags);
      const [one, ...others] = pictures;
      if (one && others.length === 0 && !flags.weights) {
        const options = { ...searchOptions(flags), ...(flags.crop && { crop: flags.crop }) };
        await showResults(terminal, client, await client.search(one, options), flags.json);
        return;
      }
      if (flags.crop) throw new UsageError('--crop goes with one picture.');
      await showResults(
        terminal,
        client,
        await client.search(weighted(pictures, flags), searchOptions(flags)),
        flags.json,
      );
    });
}

function crop(text: string): Flags['crop'] {
  const [x, y, width, height, more] = text.split(',').map(Number);
  const parts = [x, y, width, height];
  if (more !== undefined || parts.some((part) => part === undefined || !(part >= 0 && part <= 1))) {
    throw new InvalidArgumentError('It must be four fractions from 0 to 1: x,y,width,height.');
  }
  return { x: x!, y: y!, width: width!, height: height! };
}
