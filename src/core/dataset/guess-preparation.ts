import { isFloat, type ImageForm, type InputHint, type ModelInput } from './model-input.js';
import type { Preparation } from './image-values.js';

/** Mean and standard deviation of the training pictures' channels, on the scale 0…1. */
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;
const CIFAR10 = { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616] } as const;
const NONE = { mean: [0], std: [1] } as const;

/** Sides from which colour pictures count as photographs. */
const PHOTOGRAPH_SIDE = 96;
const CIFAR_SIDE = 32;

/**
 * The usual preparation for an input of this form: pixels as they are where the graph rescales them itself or takes
 * whole numbers; otherwise 0…1, with the statistics of CIFAR-10 for 32 × 32 in colour and of ImageNet from 96 pixels up
 * (both for channels first only: models that keep channels last are rarely trained with them).
 */
export function guessPreparation(input: ModelInput, form: ImageForm, hint: InputHint | undefined): Preparation {
  const base = { resize: 'stretch', channels: form.channels === 1 ? 'gray' : 'rgb', layout: form.layout } as const;
  const whole = !isFloat(input.type);
  if (input.type === 'int8') return { ...base, scale: 1, mean: [128], std: [1] };
  if (whole || hint?.rescales === true || /rescaling/i.test(input.name)) return { ...base, scale: 1, ...NONE };
  return { ...base, scale: 1 / 255, ...statistics(form) };
}

function statistics({ channels, layout, height, width }: ImageForm): Pick<Preparation, 'mean' | 'std'> {
  if (channels === 1 || layout === 'nhwc') return NONE;
  if (height === CIFAR_SIDE && width === CIFAR_SIDE) return CIFAR10;
  const shorter = Math.min(height ?? Infinity, width ?? Infinity);
  return shorter >= PHOTOGRAPH_SIDE ? IMAGENET : NONE;
}
