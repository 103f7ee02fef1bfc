/** `likeness embed`: the embedding of a picture, made on this machine. */

import type { Command } from 'commander';
import { jsonText } from '../../local/printable.ts';
import { CommandFailed } from '../errors.ts';
import { readPicture } from '../files.ts';
import type { Terminal } from '../terminal.ts';

/** Numbers that people get to see. */
const SHOWN = 6;

export function embedCommand(program: Command, terminal: Terminal): void {
  program
    .command('embed')
    .summary('print the embedding of a picture')
    .description(
      'Turns a picture into its unit vector of 2,048 numbers, on this machine and without a server. ' +
        'With --json prints {model, synthetic, embedding}.',
    )
    .argument('<image>', 'a picture file, or - for standard input')
    .addHelpText(
      'after',
      `
Examples:
  likeness embed beach.jpg
  likeness embed beach.jpg --json | jq .embedding`,
    )
    .action(async (image: string, _options, command: Command) => {
      const bytes = await readPicture(image);
      // Loaded only here: the network's runtime takes a quarter of a second that no other command needs.
      const [{ loadEmbedder }, { modelFolder }] = await Promise.all([
        import('../../pictures/embedding/load.ts'),
        import('../../local/model-choice.ts'),
      ]);
      const embedder = await loadEmbedder(await modelFolder());
      const [outcome] = await embedder.embed([bytes]);
      if (!outcome?.embedding) throw new CommandFailed(`${image}: ${outcome?.rejected.message}`);
      const embedding = Array.from(outcome.embedding);
      const { modelId, synthetic } = embedder.model;
      if (command.optsWithGlobals<{ json?: boolean }>().json) {
        terminal.out(jsonText({ model: modelId, synthetic, embedding }));
        return;
      }
      const first = embedding.slice(0, SHOWN).map((number) => number.toFixed(5));
      terminal.out(`${modelId}: ${embedding.length} numbers, ${first.join(' ')} …`);
      if (synthetic)
        terminal.err('The model has SYNTHETIC weights: copies are found, likeness of meaning is not.');
    });
}
