/** Which models a system embeds with, and the one that searches look with. */

import type { ModelInfo } from '../pictures/embedding/embedder.ts';
import { type Assets, buildAssets } from './bundling/assets.ts';
import { ConfigurationInvalid } from './configuration-invalid.ts';
import type { ImageSearchProps } from './image-search-props.ts';
import { readModel, refuseSynthetic } from './model-layer.ts';

/** The name of a model that was given none. */
export const MAIN = 'main';

/** One model, with what its functions run. */
export interface NamedModel {
  readonly name: string;
  readonly assets: Assets;
  readonly model: ModelInfo;
}

export interface Models {
  /** All, the active one among them. */
  readonly all: readonly NamedModel[];
  readonly active: NamedModel;
}

/** Also what stands in the ids of constructs. */
const NAME = /^[a-z][a-z0-9]{0,19}$/;

/**
 * Makes the packages of all models, one after the other.
 *
 * @throws ConfigurationInvalid when they do not go together; SyntheticWeights; BundlingFailed
 */
export function modelsOf(props: ImageSearchProps): Models {
  const { models, architecture, weights, precision, pool, crop } = props;
  if (models && [weights, precision, pool, crop].some((choice) => choice !== undefined))
    throw new ConfigurationInvalid(
      'of several models each has its own weights, precision, pool and crop: give them under "models"',
    );
  const choices = Object.entries(models ?? { [MAIN]: props });
  const active = props.active ?? (choices.length === 1 ? choices[0]![0] : undefined);
  if (!choices.some(([name]) => name === active)) {
    const names = choices.map(([name]) => name).join(', ');
    throw new ConfigurationInvalid(`"active" must be the name of a model: ${names}`);
  }
  const all = choices.map(([name, choice]): NamedModel => {
    if (!NAME.test(name))
      throw new ConfigurationInvalid(
        `a model cannot be called "${name}": lower-case letters and digits, please`,
      );
    const assets = choice.assets ?? buildAssets({ ...choice, ...(architecture && { architecture }) });
    const model = readModel(assets.layer);
    refuseSynthetic(model, choice.weights);
    return { name, assets, model };
  });
  const twice = all.find((one, i) => all.findIndex((other) => sameModel(one, other)) !== i);
  if (twice) throw new ConfigurationInvalid(`two of "models" are one: ${twice.model.modelId}`);
  return { all, active: all.find(({ name }) => name === active)! };
}

const sameModel = (a: NamedModel, b: NamedModel): boolean => a.model.modelId === b.model.modelId;
