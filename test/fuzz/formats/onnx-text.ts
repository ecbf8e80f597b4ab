import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toText } from '@bufbuild/protobuf/txtpb';
import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from '../../../src/core/formats/onnx/onnx_pb.js';
import { openOnnxText } from '../../../src/core/formats/onnx/open-text.js';
import { onnxWeights } from '../../../src/core/formats/onnx/weights.js';
import { textTokens } from '../boundaries.js';
import { ROOT } from '../root.js';
import type { FuzzFormat } from '../format.js';
import type { Random } from '../random.js';
import { readEnds } from '../read-ends.js';
import { oddModel } from './onnx.js';

const FIXTURE = join(ROOT, 'test/fixtures/onnx-text/model.pbtxt');

export const onnxText: FuzzFormat = {
  name: 'onnx-text',
  corpus: () => [
    { name: 'fixture.pbtxt', bytes: Uint8Array.from(readFileSync(FIXTURE)) },
    {
      name: 'small.onnxtxt',
      bytes: new TextEncoder().encode('ir_version: 8 graph { name: "g" output { name: "y" } }'),
    },
  ],
  valid: (random) => ({ name: 'valid.onnxtxt', bytes: oddText(random) }),
  boundaries: (bytes) => textTokens(bytes, 0, 8000),
  async exercise(source, siblings) {
    await readEnds(onnxWeights(await openOnnxText(source, siblings)));
  },
};

/** An odd model as text, written with other spaces, brackets and separators than the library does. */
function oddText(random: Random): Uint8Array {
  let text = toText(ModelProtoSchema, fromBinary(ModelProtoSchema, oddModel(random), { readUnknownFields: false }));
  if (random.chance(0.3)) text = `# A comment: { " ' \\ }\n${text.replaceAll('\n', '\r\n')}`;
  if (random.chance(0.3)) text = text.replaceAll(/^( *\w+) \{$/gm, '$1: {');
  if (random.chance(0.3)) text = text.replaceAll(/^( *\w+: -?\d+)$/gm, '$1;');
  return new TextEncoder().encode(text);
}
