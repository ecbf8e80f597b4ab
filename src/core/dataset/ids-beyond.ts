/** Token ids that a model does not have. */
import { problem } from '../errors.js';
import type { ModelInput } from './model-input.js';

/** Ids that a message names. */
const NAMED_IDS = 5;

/** The first few different ids beyond a table; from the end, ids count as ONNX has it. */
export function idsBeyond(ids: ArrayLike<number>, rows: number): readonly number[] {
  const beyond = new Set<number>();
  for (let at = 0; at < ids.length && beyond.size < NAMED_IDS; at++) {
    const id = ids[at] as number;
    if (id >= rows || id < -rows) beyond.add(id);
  }
  return [...beyond];
}

/** "but the model knows 20 tokens only, 0 to 19 (rows of the table that “input_ids” looks up)". */
export function tableText({ name }: Pick<ModelInput, 'name'>, rows: number): string {
  return `but the model knows ${rows} tokens only, 0 to ${rows - 1} (rows of the table that “${name}” looks up)`;
}

/**
 * An engine would count a negative id from the end of the table: what stands for “no token” would become one.
 * @throws ProblemError `invalid-inputs` that names the first.
 */
export function checkSigns(input: ModelInput, ids: Float64Array, name: string): void {
  const negative = ids.find((id) => id < 0);
  if (negative === undefined) return;
  throw problem('invalid-inputs', `${name} has ${negative} among its token ids, which count from 0.`, {
    place: `input “${input.name}”`,
    remedy: 'Put a token that the model knows as padding in its place, or leave such positions out.',
  });
}
