import { elementCount } from '../../tensor/tensor.js';
import type { ModelInput } from '../model-input.js';
import { arrayPreview } from '../previews.js';
import type { Row } from '../rows.js';
import { constantSource } from './constant.js';
import type { ExampleSource } from './example-source.js';
import type { TextSource } from './text.js';

/**
 * The attention mask beside a text: 1 on its tokens, 0 on padding. Masks of another form than one number per token let
 * everything pass, as they do without a text.
 */
export function maskSource(
  input: ModelInput,
  text: TextSource,
  shape: readonly number[],
  wholeInput: boolean,
): ExampleSource {
  const constant = constantSource(input, { source: 'constant', value: 1 }, shape, wholeInput);
  const length = text.mask(0).data.length;
  if (text.padding === undefined || elementCount(shape) !== length) return constant;
  const read = (index: number): Row => ({ ...text.mask(index), dims: shape });
  return {
    ...constant,
    describe: () => '1 on text, 0 on padding',
    line: () => '1 on text, 0 on padding (attention mask, guessed from the input’s name)',
    read: (index) => Promise.resolve(read(index)),
    preview: (index) => Promise.resolve(arrayPreview(input.name, read(index))),
  };
}
