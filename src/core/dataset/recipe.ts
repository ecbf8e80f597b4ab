/**
 * The recipe file `<model>.inspect.json`: where inputs come from and how they are prepared.
 * Its JSON schema is media/inspect.schema.json; a test holds the two together.
 */
export interface Recipe {
  readonly version: 1;
  /** One source per graph input, by the input's name. Inputs not named here are filled in by their role and shown. */
  readonly inputs: Readonly<Record<string, InputRecipe>>;
  /** How many inputs a run uses at most; the setting's default when absent. */
  readonly limit?: number;
  /** Inputs per forward; chosen when absent. */
  readonly batch?: number;
  readonly labels?: { readonly path: string; readonly classes?: string };
  /**
   * Path of a Hugging Face tokenizer.json or of a vocabulary: to turn text into token ids, and to show token ids as text.
   * Text without it is read with the tokenizer that lies beside the model or the text.
   */
  readonly tokenizer?: string;
  readonly box?: BoxRecipe;
}

/** Everything that inputs can be, for certificates. What is not stated here follows from how inputs are prepared. */
export interface BoxRecipe {
  /** By the input's name: one number for all elements, or one for each element of an example. */
  readonly inputs?: Readonly<
    Record<string, { readonly lower: number | readonly number[]; readonly upper: number | readonly number[] }>
  >;
  /** How often the box may be cut in two to tighten what is known; 0 when absent. */
  readonly splits?: number;
}

export type InputRecipe = ImageRecipe | TextRecipe | ArrayRecipe | TestDataRecipe | SyntheticRecipe | ConstantRecipe;

/** A folder of PNG and JPEG pictures (also one folder per class), or one picture. value = (pixel · scale − mean) / std per channel. */
export interface ImageRecipe {
  readonly source: 'images';
  readonly path: string;
  /** How a picture of another size becomes the input's size. */
  readonly resize: 'stretch' | 'crop' | 'pad';
  readonly channels: 'rgb' | 'bgr' | 'gray';
  readonly layout: 'nchw' | 'nhwc';
  readonly scale: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** Height and width; needed where the graph leaves them open. */
  readonly size?: readonly [number, number];
}

/**
 * `.txt`, or `.jsonl` with one document per line, as token ids. `packed`: documents one after another, cut into windows of
 * `length` tokens; what is left at the end is left out. `documents`: a window for each, cut off or padded at its end.
 */
export interface TextRecipe {
  readonly source: 'text';
  readonly path: string;
  readonly windows: 'packed' | 'documents';
  /** Property of a `.jsonl` line that holds the text; “text”, “content” or “prompt” when absent. */
  readonly field?: string;
  /** Property of a `.jsonl` line that holds its label; with `documents` only. */
  readonly label?: string;
  /** What stands between the documents of a `.txt`; "<|endoftext|>" when absent. */
  readonly separator?: string;
  /** Tokens of a window, where the graph leaves the length open. */
  readonly length?: number;
}

/**
 * `.npy`, `.npz` (`key`) or IDX (MNIST's format, also gzipped): the first axis counts examples. value = x · scale + offset.
 * One long row of token ids is cut into windows.
 */
export interface ArrayRecipe {
  readonly source: 'array' | 'tokens';
  readonly path: string;
  readonly key?: string;
  /** Of `tokens` in one long row: those of a window, where the graph leaves the length open. */
  readonly length?: number;
  readonly scale?: number;
  readonly offset?: number;
}

/** An ONNX test data folder: `test_data_set_*`/`input_*.pb`. */
export interface TestDataRecipe {
  readonly source: 'test-data';
  readonly path: string;
}

/**
 * Seeded random values; every number made from them says so. Normal: mean 0, standard deviation 1. Uniform: low ≤ x <
 * high. Integers: low to high, both included.
 */
export interface SyntheticRecipe {
  readonly source: 'synthetic';
  readonly distribution: 'normal' | 'uniform' | 'integers';
  readonly low?: number;
  readonly high?: number;
  readonly seed: number;
  /** Example shape without the batch axis; needed where the graph leaves it open. */
  readonly shape?: readonly number[];
}

/** The same value in every example: attention masks, position ids (`range`), empty caches, flags. */
export interface ConstantRecipe {
  readonly source: 'constant';
  readonly value: number | 'range';
  readonly shape?: readonly number[];
}
