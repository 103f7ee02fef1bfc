/** `likeness setup`: gets this machine a model, from the network or from a file. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { CROP_MODES } from '../../pictures/embedding/geometry.ts';
import { POOLS } from '../../pictures/embedding/model-folder.ts';
import { UsageError } from '../errors.ts';
import type { Terminal } from '../terminal.ts';

interface Flags {
  readonly weights?: string;
  readonly precision?: string;
  readonly pool?: string;
  readonly crop?: string;
}

export function setupCommand(program: Command, terminal: Terminal): void {
  program
    .command('setup')
    .summary('prepare the model that this machine embeds with')
    .description(
      'Builds the model of this machine from weights: those given, else those chosen before, else the default ones, ' +
        'which are downloaded. Safe to run again, and quick then.',
    )
    .option(
      '--weights <name or file>',
      'imagenet1k-v2, imagenet1k-v1, sscd (for copies), synthetic (random), or a state dict of torchvision (.pth, .safetensors)',
      process.env.LIKENESS_WEIGHTS,
    )
    .option('--precision <precision>', 'fp32, or int8: faster, and a little less exact')
    .option('--pool <pool>', `${POOLS.join(' or ')}: how features are pooled; another one is another model`)
    .option(
      '--crop <crop>',
      `${CROP_MODES.join(', ')}: what of a picture is seen; another one is another model`,
    )
    .addHelpText(
      'after',
      `
Examples:
  likeness setup
  likeness setup --weights ~/Downloads/resnet50-11ad3fa6.pth
  likeness setup --precision int8
  likeness setup --pool gem3 --crop whole224`,
    )
    .action(async ({ weights, precision, pool, crop }: Flags) => {
      if (precision !== undefined && precision !== 'fp32' && precision !== 'int8')
        throw new UsageError(`--precision ${precision}: it is fp32 or int8`);
      const asked = { pool: oneOf('--pool', POOLS, pool), crop: oneOf('--crop', CROP_MODES, crop) };
      const { prepareChosenModel } = await import('../prepare-model.ts');
      await prepareChosenModel({ weights: fromWhereTyped(weights), precision, ...asked }, terminal);
    });
}

function oneOf<T extends string>(flag: string, names: readonly T[], text: string | undefined): T | undefined {
  const name = names.find((each) => each === text);
  if (text !== undefined && name === undefined)
    throw new UsageError(`${flag} ${text}: it is one of ${names.join(', ')}`);
  return name;
}

/** npm runs scripts in the package's folder, but a path means the folder in which it was typed. */
function fromWhereTyped(weights: string | undefined): string | undefined {
  const isPath = weights !== undefined && /[./\\]/.test(weights);
  return isPath ? resolve(process.env.INIT_CWD ?? '.', weights) : weights || undefined;
}
