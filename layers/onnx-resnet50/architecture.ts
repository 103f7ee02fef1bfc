/** ResNet50 as torchvision builds it (v1.5: the stride is in the 3x3), as a list of steps; no numbers, no ONNX. */

export interface Convolution {
  readonly kind: 'convolution';
  /** Its name in the state dict; also the name of what it gives. */
  readonly name: string;
  /** The batch norm that follows it, by its name in the state dict. */
  readonly norm: string;
  readonly input: string;
  readonly inputs: number;
  readonly outputs: number;
  /** Side of the square window. */
  readonly window: number;
  readonly stride: number;
  readonly relu: boolean;
}

export interface MaxPool {
  readonly kind: 'max-pool';
  readonly name: string;
  readonly input: string;
}

/** The end of a block: what the block computed plus what went around it, then ReLU. */
export interface Sum {
  readonly kind: 'sum';
  readonly name: string;
  readonly input: string;
  readonly shortcut: string;
}

export type Step = Convolution | MaxPool | Sum;

/** What the first step reads: normalised pixels [n,3,224,224]. */
export const NETWORK_INPUT = 'normalised';

/** Blocks, inner channels and stride of each stage. A block gives four times its inner channels. */
const STAGES = [
  { blocks: 3, channels: 64, stride: 1 },
  { blocks: 4, channels: 128, stride: 2 },
  { blocks: 6, channels: 256, stride: 2 },
  { blocks: 3, channels: 512, stride: 2 },
] as const;

const EXPANSION = 4;

/** Feature maps at the end. */
export const FEATURES = 2048;

/** The steps from normalised pixels to the last feature maps [n,2048,7,7], in the order of computation. */
export function resnet50(): readonly Step[] {
  const steps: Step[] = [];
  const convolution = (step: Omit<Convolution, 'kind'>): string => {
    steps.push({ kind: 'convolution', ...step });
    return step.name;
  };

  const stem = { name: 'conv1', norm: 'bn1', input: NETWORK_INPUT, inputs: 3, outputs: 64 };
  convolution({ ...stem, window: 7, stride: 2, relu: true });
  steps.push({ kind: 'max-pool', name: 'maxpool', input: 'conv1' });

  let input = 'maxpool';
  let inputs = 64;
  for (const [index, { blocks, channels, stride: stageStride }] of STAGES.entries()) {
    for (let block = 0; block < blocks; block++) {
      const name = `layer${index + 1}.${block}`;
      const stride = block === 0 ? stageStride : 1;
      const outputs = channels * EXPANSION;
      const part = (which: number) => ({ name: `${name}.conv${which}`, norm: `${name}.bn${which}` });

      const reduced = convolution({
        ...part(1),
        input,
        inputs,
        outputs: channels,
        window: 1,
        stride: 1,
        relu: true,
      });
      const seen = convolution({
        ...part(2),
        input: reduced,
        inputs: channels,
        outputs: channels,
        window: 3,
        stride,
        relu: true,
      });
      const expanded = convolution({
        ...part(3),
        input: seen,
        inputs: channels,
        outputs,
        window: 1,
        stride: 1,
        relu: false,
      });
      const projection = { name: `${name}.downsample.0`, norm: `${name}.downsample.1` };
      const shortcut =
        block === 0
          ? convolution({ ...projection, input, inputs, outputs, window: 1, stride, relu: false })
          : input;
      steps.push({ kind: 'sum', name, input: expanded, shortcut });
      input = name;
      inputs = outputs;
    }
  }
  return steps;
}

/** The convolutions alone. */
export const convolutions = (): readonly Convolution[] =>
  resnet50().filter((step): step is Convolution => step.kind === 'convolution');
