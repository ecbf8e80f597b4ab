/**
 * The only door to bytes, wherever they are: a file on disk, a buffer in memory.
 * Readers ask for ranges; nothing reads a whole file unless it means to.
 */
export interface ByteSource {
  /** The file's own name without folders, for messages and for external data that points to the file itself. */
  readonly name: string;
  /** Bytes in total. */
  readonly size: number;
  /**
   * Exactly `length` bytes from `offset`.
   * @throws ProblemError `truncated-file` when the range leaves the file, `file-changed` when the file was modified
   *   since it was opened, `file-unreadable` when the system refuses.
   */
  read(offset: number, length: number): Promise<Uint8Array>;
  /**
   * The same into an array of the caller's own, where that saves a copy. See readInto of read-into.ts.
   * @throws as `read` does; the array then holds no matter what.
   */
  readInto?(offset: number, target: Uint8Array): Promise<void>;
  /** Where its bytes lie on disk one after the other, for threads that read for themselves; absent or undefined: nowhere. */
  locate?(): Promise<DiskPlace | undefined>;
  /** Gives back what it holds open; a later read opens it again. */
  close?(): Promise<void>;
}

export interface DiskPlace {
  /** Absolute. */
  readonly path: string;
  /** Byte of the file that is the first. */
  readonly offset: number;
}

/** Opens files that lie beside a model (external data, inputs), by path relative to the model's folder. */
export interface SiblingFiles {
  /**
   * @throws ProblemError `external-data-outside-folder` for absolute paths, `..`, and links that leave the folder;
   *   `missing-external-data` when there is no such file.
   */
  open(relativePath: string): Promise<ByteSource>;
  /**
   * “hyperparams.json” of the folder above: the one file outside, and only where the model lies in a folder “checkpoints”,
   * into which Llama Scope puts its weights. Absent elsewhere.
   * @throws ProblemError as `open` does.
   */
  openHyperparameters?(): Promise<ByteSource>;
}
