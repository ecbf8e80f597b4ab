/** An output as a direction of what the unembedding reads: W_U d, without the final normalisation (formats section 4, item 8). */
import { usedFeeds } from '../../engine/used-feeds.js';
import { unembeddingInput } from '../../features/logit-effects.js';
import type { SystemModel } from '../../linear/system-graphs.js';
import type { KnownShapes } from '../../rewrite/linearize/plan.js';
import { floatsOf, floatTensor, isFloatType } from '../../tensor/floats.js';
import { elementCount } from '../../tensor/tensor.js';
import { keepReaders, openLinearReader } from '../linear-reader.js';

export interface OutputDirections {
  /**
   * [width]; undefined where no matrix of weights makes the scores. @param direction over the vocabulary.
   * @throws ProblemError as the engine does.
   */
  of(direction: Float32Array): Promise<Float32Array | undefined>;
  release(): Promise<void>;
}

export function outputDirections(model: SystemModel, shapes: KnownShapes, logits: string): OutputDirections {
  const input = unembeddingInput(model.prepared, logits);
  const readers = keepReaders(1, () => openLinearReader(model, shapes, [input ?? ''], logits, 'transpose'));
  return {
    async of(direction) {
      const type = shapes.typeOf(logits);
      const dims = shapes.shapeOf(logits) ?? [];
      if (input === undefined || !isFloatType(type)) return undefined;
      const { session, written } = await readers.of(logits);
      const seed = new Float32Array(elementCount(dims));
      seed.set(direction);
      const seeds = { [written.seeds.get(logits) ?? '']: floatTensor(type, [1, ...dims], seed) };
      const found = (await session.run(usedFeeds(session, seeds)))[written.transpose.get(input) ?? ''];
      return found === undefined ? undefined : floatsOf(found).slice(0, shapes.shapeOf(input)?.at(-1) ?? 0);
    },
    release: () => readers.release(),
  };
}
