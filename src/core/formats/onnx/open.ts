import type { ByteSource, SiblingFiles } from '../../bytes/byte-source.js';
import type { Problem } from '../../errors.js';
import { decodeFile } from './decode.js';
import { checkExternalData, type OpenLocation } from './external-data.js';
import { notAModel } from '../not-a-model.js';
import type { ModelProto } from './onnx_pb.js';
import { skimOnnx } from './skim.js';

/** An ONNX file whose structure is in memory and whose weights are not. */
export interface OnnxFile {
  /** Large tensors are references: into the file itself (its own name is the location) or into files beside it. */
  readonly proto: ModelProto;
  readonly fileName: string;
  /** How references name the file itself. */
  readonly ownLocation: string;
  readonly fileBytes: number;
  /** Bytes of weights in other files. */
  readonly externalBytes: number;
  /** What keeps the model from running although its structure could be read: missing or refused external data. */
  readonly problems: readonly Problem[];
  /** Opens the file that a tensor's reference names. */
  readonly openLocation: OpenLocation;
}

/**
 * Opens an ONNX file: reads its structure, and checks where its weights are.
 * @param siblings files of the model's folder.
 * @throws ProblemError `empty-file`, `truncated-file`, `not-a-model`, `malformed-model`, and what reading throws.
 */
export async function openOnnx(source: ByteSource, siblings: SiblingFiles, signal?: AbortSignal): Promise<OnnxFile> {
  return openProto(source, siblings, await decodeFile(source, await skimOnnx(source, signal)));
}

/**
 * A file of which the structure was read already.
 * @throws ProblemError `not-a-model` where it holds nothing, and what reading throws.
 */
export async function openProto(source: ByteSource, siblings: SiblingFiles, proto: ModelProto): Promise<OnnxFile> {
  const { graph } = proto;
  const held = [graph?.node, graph?.output, graph?.initializer, graph?.sparseInitializer];
  const hasGraph = held.some((list) => list !== undefined && list.length > 0);
  if (!hasGraph && proto.functions.length === 0) throw await notAModel(source, 0);
  const openLocation: OpenLocation = (location) =>
    location === source.name ? Promise.resolve(source) : siblings.open(location);
  const { problems, bytesByLocation } = await checkExternalData(proto, openLocation);
  let externalBytes = 0;
  for (const [location, bytes] of bytesByLocation) if (location !== source.name) externalBytes += bytes;
  return {
    proto,
    fileName: source.name,
    ownLocation: source.name,
    fileBytes: source.size,
    externalBytes,
    problems,
    openLocation,
  };
}
