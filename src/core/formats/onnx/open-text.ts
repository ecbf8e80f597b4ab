/** ONNX models as text: protobuf's own text form, as `google.protobuf.text_format` writes it. */
import { create } from '@bufbuild/protobuf';
import { reflect } from '@bufbuild/protobuf/reflect';
import { breather } from '../../breathe.js';
import type { ByteSource, SiblingFiles } from '../../bytes/byte-source.js';
import { displayText } from '../../display-text.js';
import { problem, throwIfCancelled, type ProblemError } from '../../errors.js';
import { ModelProtoSchema, type ModelProto } from './onnx_pb.js';
import { openProto, type OnnxFile } from './open.js';
import { readMessage } from './text/read-message.js';
import { TextError } from './text/scanner.js';
import { readStructure } from './text/structure.js';

/**
 * Text is held as a whole, and becomes objects many times its size where it lists numbers; this is room for some five
 * million weights. Larger models are kept in the binary form, a quarter of the size, which is never held.
 */
const MAXIMUM_TEXT_BYTES = 32 * 1024 * 1024;

/** Other text formats that use the same file name extensions, by a field that ONNX does not have. */
const OTHER_TEXTS: readonly { readonly field: string; readonly what: string; readonly remedy: string }[] = [
  { field: 'layer', what: 'is a network of Caffe', remedy: 'Convert it to ONNX with a converter for Caffe.' },
  { field: 'layers', what: 'is a network of Caffe', remedy: 'Convert it to ONNX with a converter for Caffe.' },
  { field: 'node', what: 'is a graph of TensorFlow', remedy: 'Convert it to ONNX with tf2onnx.' },
  { field: 'item', what: 'is a map of labels', remedy: 'Choose the model that it belongs to.' },
];

/**
 * Opens a model in text form (`.onnxtxt`, `.pbtxt`, `.textproto`, `.prototxt`). Its weights are in memory, but for those
 * in files beside it.
 * @throws ProblemError `empty-file`, `truncated-file`, `not-a-model` or `malformed-model` with line and column,
 *   `not-applicable` for ONNX's own textual syntax and for texts that are too long; and what reading throws.
 */
export async function openOnnxText(
  source: ByteSource,
  siblings: SiblingFiles,
  signal?: AbortSignal,
): Promise<OnnxFile> {
  if (source.size === 0) throw problem('empty-file', `“${source.name}” is empty.`, { place: source.name });
  if (source.size > MAXIMUM_TEXT_BYTES) {
    throw problem('not-applicable', `“${source.name}” is longer than the 32 MB of text that are read.`, {
      place: source.name,
      remedy:
        'Save it in ONNX’s binary form: onnx.save(google.protobuf.text_format.Parse(text, onnx.ModelProto()), path).',
    });
  }
  const text = new TextDecoder().decode(await source.read(0, source.size));
  throwIfCancelled(signal);
  return openProto(source, siblings, await readModel(source.name, text, signal));
}

async function readModel(name: string, text: string, signal: AbortSignal | undefined): Promise<ModelProto> {
  if (/^\s*(#[^\n]*\n\s*)*<\s*(#[^\n]*\n\s*)*[a-z_]+\s*:/.test(text.slice(0, 2000))) {
    throw problem('not-applicable', `“${name}” is in ONNX’s own textual syntax, which is not read.`, {
      place: `line 1 of ${name}`,
      remedy: 'Save it in the binary form: onnx.save(onnx.parser.parse_model(text), path).',
    });
  }
  const pause = breather(signal);
  const names = new Set<string>();
  const isModel = (): boolean => names.has('ir_version') && (names.has('graph') || names.has('functions'));
  const model = create(ModelProtoSchema);
  try {
    const { spans, open } = await readStructure(text, names, pause);
    if (!isModel()) throw notAModel(name, names);
    if (open !== undefined) throw cutOff(name, text, open);
    await readMessage({ text, spans, pause }, reflect(ModelProtoSchema, model), 0, text.length);
  } catch (error) {
    if (!(error instanceof TextError)) throw error;
    throw isModel() ? unreadable(name, text, error) : notAModel(name, names);
  }
  return model;
}

function notAModel(name: string, names: ReadonlySet<string>): ProblemError {
  const other = OTHER_TEXTS.find(({ field }) => names.has(field));
  return problem(
    'not-a-model',
    other === undefined ? `“${name}” is a text, but no ONNX model.` : `“${name}” ${other.what}, not an ONNX model.`,
    { place: `line 1 of ${name}`, remedy: other?.remedy ?? 'Choose a file that was exported as ONNX.' },
  );
}

function cutOff(name: string, text: string, at: number): ProblemError {
  return problem('truncated-file', `“${name}” is cut off: what begins at ${placeOf(text, at)} does not end.`, {
    place: `${placeOf(text, at)} of ${name}`,
    remedy: 'Download or export the model again.',
  });
}

function unreadable(name: string, text: string, { at, message }: TextError): ProblemError {
  return problem('malformed-model', `“${name}” cannot be read at ${placeOf(text, at)}: ${displayText(message, 300)}.`, {
    place: `${placeOf(text, at)} of ${name}`,
    remedy: 'Correct the text there, or export the model again.',
  });
}

/** "line 3, column 14", both from 1 on. */
function placeOf(text: string, at: number): string {
  let line = 1;
  let lineStart = 0;
  for (let end = text.indexOf('\n'); end >= 0 && end < at; end = text.indexOf('\n', end + 1)) {
    line++;
    lineStart = end + 1;
  }
  return `line ${line}, column ${at - lineStart + 1}`;
}
