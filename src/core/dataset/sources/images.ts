import { problem, ProblemError } from '../../errors.js';
import { elementCount } from '../../tensor/tensor.js';
import { baseName, type DataFiles, joinPath, naturalOrder, shownPath } from '../data-files.js';
import { decodeImage, isPictureName, MAXIMUM_FILE_BYTES } from '../decode-image.js';
import { fingerprint } from '../fingerprint.js';
import { imageValues } from '../image-values.js';
import { shapeText, typeText, type ModelInput } from '../model-input.js';
import { imagePreview } from '../previews.js';
import type { ImageRecipe } from '../recipe.js';
import { checkElements } from '../rows.js';
import { withoutAxis } from '../shapes.js';
import type { ExampleSource } from './example-source.js';

/** Pictures of one folder that we are willing to list. */
const MAXIMUM_PICTURES = 1_000_000;
/** Height and width where neither the graph nor the recipe says them. */
export const DEFAULT_SIDE = 224;

interface PictureFile {
  readonly path: string;
  /** Path below the chosen folder: "cats/12.png". */
  readonly name: string;
  /** The class folder, where pictures lie in one. */
  readonly folder: string | undefined;
}

/** @throws ProblemError `invalid-inputs`: no such folder, no pictures in it, or the input takes no pictures. */
export async function imageSource(
  input: ModelInput,
  recipe: ImageRecipe,
  batchAxis: number | undefined,
  files: DataFiles,
): Promise<ExampleSource> {
  const frame = imageFrame(input, recipe, batchAxis);
  const pictures = await listPictures(files, recipe.path);
  const picture = (index: number): PictureFile => {
    const found = pictures[index];
    if (found === undefined) throw new Error(`No picture ${index}`);
    return found;
  };
  const bytesOf = async (index: number): Promise<Uint8Array> => {
    const source = await files.open(picture(index).path);
    if (source.size > MAXIMUM_FILE_BYTES) {
      throw problem('invalid-inputs', `The picture is larger than ${MAXIMUM_FILE_BYTES / 1e6} MB.`, {
        place: picture(index).name,
        remedy: 'Use a smaller picture.',
      });
    }
    return source.read(0, source.size);
  };
  return {
    count: pictures.length,
    shape: frame.shape,
    wholeInput: false,
    describe: (used) => describePictures(used, pictures.length, recipe.path),
    synthetic: false,
    fingerprint: async (used) => {
      const stamps: string[] = [];
      for (const index of used) stamps.push(await stampOf(files, picture(index)));
      return fingerprint(stamps.join('\n'));
    },
    read: async (index) => {
      const data = imageValues(decodeImage(await bytesOf(index)), recipe, frame.height, frame.width);
      return { type: 'float32', dims: frame.shape, data };
    },
    nameOf: (index) => picture(index).name,
    preview: async (index) => imagePreview(picture(index).name, await bytesOf(index)),
    label: (index) => picture(index).folder,
  };
}

async function stampOf(files: DataFiles, { path, name }: PictureFile): Promise<string> {
  try {
    const facts = await files.facts(path);
    return `${name}:${facts?.size}:${facts?.modifiedMs}`;
  } catch (error) {
    // A picture that may not be read is skipped when its turn comes, with the reason.
    if (error instanceof ProblemError) return `${name}: ${error.problem.kind}`;
    throw error;
  }
}

function describePictures(used: number, all: number, path: string): string {
  if (all === 1) return `1 image (${baseName(path)})`;
  const from = `${shownPath(path)}/`;
  return used < all ? `${used} of ${all} images from ${from}, evenly spaced` : `${used} images from ${from}`;
}

/**
 * The pictures of a folder in natural order, and of its sub-folders one level down (class folders). A path to one
 * picture is that picture.
 */
export async function listPictures(files: DataFiles, path: string): Promise<readonly PictureFile[]> {
  const facts = await files.facts(path);
  if (facts === undefined) {
    throw problem('invalid-inputs', `There is no folder or picture ${path}.`, {
      place: path,
      remedy: 'Correct the path in the recipe, or choose the folder again.',
    });
  }
  if (facts.kind === 'file') return [{ path, name: baseName(path), folder: undefined }];
  const entries = await files.list(path);
  const found: PictureFile[] = picturesOf(entries).map((name) => ({
    path: joinPath(path, name),
    name,
    folder: undefined,
  }));
  for (const folder of entries.filter((entry) => entry.kind === 'folder' && !entry.name.startsWith('.'))) {
    const inside = await files.list(joinPath(path, folder.name));
    for (const name of picturesOf(inside)) {
      const below = joinPath(folder.name, name);
      found.push({ path: joinPath(path, below), name: below, folder: folder.name });
    }
    if (found.length > MAXIMUM_PICTURES) break;
  }
  if (found.length === 0 || found.length > MAXIMUM_PICTURES) {
    throw problem(
      'invalid-inputs',
      found.length === 0
        ? `There are no PNG or JPEG pictures in ${path}.`
        : `${path} has more than a million pictures.`,
      { place: path, remedy: 'Choose a folder of PNG or JPEG files (in it, or one folder per class).' },
    );
  }
  return found.sort((a, b) => naturalOrder(a.name, b.name));
}

function picturesOf(entries: readonly { readonly name: string; readonly kind: string }[]): string[] {
  return entries
    .filter((entry) => entry.kind === 'file' && isPictureName(entry.name) && !entry.name.startsWith('.'))
    .map((entry) => entry.name);
}

export interface ImageFrame {
  /** Example shape, batch axis left out. */
  readonly shape: readonly number[];
  readonly height: number;
  readonly width: number;
}

/**
 * The picture's place in the input: [c, h, w] or [h, w, c], or the same values flattened.
 * @throws ProblemError `invalid-inputs` when the recipe's channels, layout or size do not fit the input.
 */
export function imageFrame(input: ModelInput, recipe: ImageRecipe, batchAxis: number | undefined): ImageFrame {
  const wanted = input.shape === undefined ? undefined : withoutAxis(input.shape, batchAxis);
  const channels = recipe.channels === 'gray' ? 1 : 3;
  const spatial = recipe.layout === 'nchw' ? [1, 2] : [0, 1];
  const declared = (axis: number | undefined): number | undefined => {
    const size = wanted?.length === 3 ? wanted[axis ?? -1] : undefined;
    return typeof size === 'number' ? size : undefined;
  };
  const height = recipe.size?.[0] ?? declared(spatial[0]) ?? DEFAULT_SIDE;
  const width = recipe.size?.[1] ?? declared(spatial[1]) ?? DEFAULT_SIDE;
  checkElements(input, [channels, height, width]);
  const shape = recipe.layout === 'nchw' ? [channels, height, width] : [height, width, channels];
  if (wanted === undefined || fits(wanted, shape)) return { shape, height, width };
  const flat = wanted.length !== 3 && wanted.every((size): size is number => typeof size === 'number');
  if (flat && elementCount(wanted) === channels * height * width) return { shape: wanted, height, width };
  throw problem(
    'invalid-inputs',
    `${recipe.channels} pictures in ${recipe.layout} layout have the shape ${shapeText(shape)}, but “${input.name}” ` +
      `is ${typeText(input)}.`,
    {
      place: `input “${input.name}”`,
      remedy: 'Correct “channels”, “layout” or “size” in the recipe, or choose another kind of inputs.',
    },
  );
}

function fits(wanted: readonly (number | string)[], shape: readonly number[]): boolean {
  return wanted.length === shape.length && wanted.every((size, i) => typeof size === 'string' || size === shape[i]);
}
