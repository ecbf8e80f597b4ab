/** A graph ready to run: a few KB of ONNX protobuf whose large weights are references into files. */
export interface RunnableModel {
  /** ModelProto bytes; large initializers are `external_data` entries. */
  readonly bytes: Uint8Array;
  /** Every external data location that `bytes` names, relative to `folder`. */
  readonly externalFiles: readonly string[];
  /** Absolute folder of the model. The engine never reads outside it. */
  readonly folder: string;
}
