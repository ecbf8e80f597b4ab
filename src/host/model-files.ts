/** Endings of model files, without the dot. package.json says the same to VS Code; a test holds the two together. */

/** These open in Model Inspector by default. */
export const OWN_ENDINGS = ['onnx', 'onnxtxt', 'safetensors', 'gguf', 'npy', 'npz', 'pt', 'pth', 'keras'] as const;

/** These may be anything: they open with “Inspect Model” or “Reopen Editor With…”. */
export const OTHER_ENDINGS = [
  'bin',
  'ckpt',
  'th',
  'pkl',
  'pkl.gz',
  'h5',
  'hdf5',
  'pbtxt',
  'textproto',
  'prototxt',
  'safetensors.index.json',
] as const;

/** Formats that dictionaries are saved in. */
export const DICTIONARY_ENDINGS = ['safetensors', 'npz', 'pt', 'pth', 'th', 'bin', 'ckpt', 'pkl', 'pkl.gz'] as const;

/** Name of a model without its ending: what is saved beside it is called after it. */
export function stemOf(fileName: string): string {
  const lower = fileName.toLowerCase();
  const ending = [...OTHER_ENDINGS, ...OWN_ENDINGS].find((candidate) => lower.endsWith(`.${candidate}`));
  return ending === undefined ? fileName : fileName.slice(0, -ending.length - 1);
}
