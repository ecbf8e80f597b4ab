/** The numbers of a tensor of a GGUF file: block-quantised types are decoded block by block, only those asked for. */
import type { ByteSource } from '../../bytes/byte-source.js';
import { breather } from '../../breathe.js';
import { checkRange, plainValues } from '../plain-values.js';
import type { TensorValues } from '../tensor-file.js';
import type { Dequantize } from './dequantize/block.js';
import type { GgufTensor } from './header.js';

/** Read and decoded at once: some milliseconds. */
const STEP_BYTES = 1024 * 1024;

/** undefined for types whose values are not read. */
export function ggufValues(source: ByteSource, tensor: GgufTensor, bigEndian: boolean): TensorValues | undefined {
  const { type, elements, start: dataStart } = tensor;
  if (type?.plain !== undefined)
    return plainValues(source, { type: type.plain, elements, start: dataStart, bigEndian });
  if (type?.dequantize === undefined) return undefined;
  const { dequantize, blockElements, blockBytes } = type;
  const blocksPerStep = Math.floor(STEP_BYTES / blockBytes);
  return {
    type: 'float32',
    async read(start, count) {
      checkRange(start, count, elements);
      const firstBlock = Math.floor(start / blockElements);
      const endBlock = Math.ceil((start + count) / blockElements);
      const out = new Float32Array((endBlock - firstBlock) * blockElements);
      const pause = breather();
      for (let block = firstBlock; block < endBlock; block += blocksPerStep) {
        const blocks = Math.min(blocksPerStep, endBlock - block);
        const bytes = await source.read(dataStart + block * blockBytes, blocks * blockBytes);
        dequantizeBlocks(
          dequantize,
          bytes,
          blockBytes,
          out,
          (block - firstBlock) * blockElements,
          blockElements,
          bigEndian,
        );
        await pause();
      }
      const skipped = start - firstBlock * blockElements;
      return skipped === 0 && count === out.length ? out : out.slice(skipped, skipped + count);
    },
  };
}

function dequantizeBlocks(
  dequantize: Dequantize,
  bytes: Uint8Array,
  blockBytes: number,
  out: Float32Array,
  to: number,
  blockElements: number,
  bigEndian: boolean,
): void {
  for (let at = 0, target = to; at < bytes.length; at += blockBytes, target += blockElements) {
    dequantize(bytes, at, out, target, bigEndian);
  }
}
