/**
 * Recognises dictionaries: sparse autoencoders, transcoders and crosscoders, by the names and shapes of their tensors and
 * the configuration files beside them. Sources: the savers of the families named here (SAELens, EleutherAI sparsify,
 * dictionary_learning, Gemma Scope, circuit-tracer, transcoder_circuits, Llama Scope, OpenAI, crosscoders).
 */
import type { SiblingFiles } from '../bytes/byte-source.js';
import { displayText } from '../display-text.js';
import { readConfiguration, sentence, type Configuration, type Stated } from './dictionary-configuration.js';
import { LAYOUTS, type DictionaryKind, type DictionaryTensors, type Fit, type Layout } from './dictionary-layouts.js';
import type { TensorFile, WeightTensor } from './tensor-file.js';

export interface Dictionary {
  readonly kind: DictionaryKind;
  /** Whose layout it is, or that nothing tells. */
  readonly family: string;
  /** Width of what is encoded, and of what is decoded. */
  readonly inputWidth: number;
  readonly outputWidth: number;
  readonly features: number;
  readonly tensors: DictionaryTensors;
  /** What the names of its tensors have in front of those that the family gives them. */
  readonly prefix: string;
  /** Why it is held for one: plain sentences, fit to be shown. */
  readonly evidence: readonly string[];
}

/** "SAE (SAELens): 24,576 features, 768 wide". */
export function dictionaryText({ kind, family, features, inputWidth, outputWidth }: Dictionary): string {
  const count = (value: number): string => value.toLocaleString('en');
  const width = inputWidth === outputWidth ? count(inputWidth) : `${count(inputWidth)} to ${count(outputWidth)}`;
  return `${kind} (${family}): ${count(features)} features, ${width} wide`;
}

/** How state dictionaries are wrapped. */
const PREFIXES = ['', 'state_dict.', 'model_state_dict.', 'sae.', 'model.', 'module.'];
/** Beside the tensors of a dictionary: counters, norms, scales. A model has more than so many other tensors. */
const MAXIMUM_OTHERS = 16;
/** More tensors than this have only files with a decoder for each pair of layers. */
const MAXIMUM_TENSORS = 64;
const MAXIMUM_TENSORS_OF_MANY = 20_000;

/**
 * What kind of dictionary the file is, or undefined for everything else. Only names and shapes are looked at; the
 * configuration files are read only where these fit.
 * @param siblings files of the model's folder.
 */
export async function recogniseDictionary(
  weights: TensorFile,
  siblings: SiblingFiles,
): Promise<Dictionary | undefined> {
  // A graph's initializers have names of any kind, and are no dictionary's file.
  if (weights.format === 'onnx' || weights.tensors.length > MAXIMUM_TENSORS_OF_MANY) return undefined;
  const isMany = weights.tensors.length > MAXIMUM_TENSORS;
  const layouts = isMany ? LAYOUTS.filter(({ others }) => others !== undefined) : LAYOUTS;
  let configuration: Configuration | undefined;
  for (const prefix of isMany ? [''] : PREFIXES) {
    const named = new Map(
      weights.tensors.flatMap((tensor) =>
        tensor.name.startsWith(prefix) ? [[tensor.name.slice(prefix.length), tensor] as const] : [],
      ),
    );
    for (const layout of layouts) {
      const fit = fitTo(layout, prefix, named);
      if (fit === undefined || otherTensors(layout, weights, named) > MAXIMUM_OTHERS) continue;
      configuration ??= await readConfiguration(siblings);
      const dictionary = conclude(fit, weights, configuration);
      if (dictionary !== undefined) return dictionary;
    }
  }
  return undefined;
}

function otherTensors(layout: Layout, { tensors }: TensorFile, named: ReadonlyMap<string, WeightTensor>): number {
  const { encoder, decoder, encoderBias, decoderBias, threshold, skip, perFeature, others } = layout;
  const patterns = [encoder, decoder, encoderBias, decoderBias, threshold, skip, perFeature, others];
  let known = 0;
  for (const name of named.keys()) if (patterns.some((pattern) => pattern?.test(name))) known++;
  return tensors.length - known;
}

function fitTo(layout: Layout, prefix: string, named: ReadonlyMap<string, WeightTensor>): Fit | undefined {
  const match = (pattern: RegExp | undefined): string | undefined =>
    pattern && [...named.keys()].find((name) => pattern.test(name));
  const dimsOf = (name: string | undefined): readonly number[] | undefined =>
    name === undefined ? undefined : named.get(name)?.dims;
  const roles = {
    encoder: match(layout.encoder),
    decoder: match(layout.decoder),
    encoderBias: match(layout.encoderBias),
    decoderBias: match(layout.decoderBias),
    threshold: match(layout.threshold),
    skip: match(layout.skip),
  };
  const [encoderDims, decoderDims] = [dimsOf(roles.encoder), dimsOf(roles.decoder)];
  if ((encoderDims === undefined || decoderDims === undefined) && !layout.mayBeApart) return undefined;
  const perFeature = [...named].filter(([name, { dims }]) => layout.perFeature.test(name) && dims.length === 1);
  const sizes = sizesOf(
    encoderDims,
    decoderDims,
    perFeature.map(([, { dims }]) => dims[0] ?? 0),
    dimsOf(roles.decoderBias),
    layout.featuresFirst === true,
  );
  if (sizes === undefined) return undefined;
  const tensors = Object.fromEntries(
    Object.entries(roles).flatMap(([role, name]) => (name === undefined ? [] : [[role, prefix + name]])),
  );
  return { layout, prefix, tensors, encoderDims, decoderDims, has: (name) => named.has(name), ...sizes };
}

/** The sizes that all tensors agree on, or undefined where they do not. */
function sizesOf(
  encoder: readonly number[] | undefined,
  decoder: readonly number[] | undefined,
  perFeature: readonly number[],
  decoderBias: readonly number[] | undefined,
  featuresFirst: boolean,
): Pick<Fit, 'features' | 'inputWidth' | 'outputWidth'> | undefined {
  const either = encoder ?? decoder;
  // Without a vector of that length nothing tells features from widths.
  const features =
    perFeature[0] ??
    (encoder === undefined ? decoder?.[0] : featuresFirst && encoder.length === 2 ? encoder[0] : undefined);
  if (either === undefined || features === undefined || features < 2) return undefined;
  if (perFeature.some((length) => length !== features)) return undefined;
  const width = (dims: readonly number[]): number | undefined => {
    const at = dims.length === 3 && dims.at(-1) !== features ? dims.indexOf(features) : dims.lastIndexOf(features);
    return at < 0 || dims.length < 2 || dims.length > 3 ? undefined : dims.filter((_, axis) => axis !== at).at(-1);
  };
  const inputWidth = width(encoder ?? either);
  const outputWidth = width(decoder ?? either);
  if (inputWidth === undefined || outputWidth === undefined || inputWidth < 1 || outputWidth < 1) return undefined;
  if (decoderBias !== undefined && decoderBias.at(-1) !== outputWidth) return undefined;
  return { features, inputWidth, outputWidth };
}

function conclude(fit: Fit, weights: TensorFile, configuration: Configuration): Dictionary | undefined {
  const { features, inputWidth, outputWidth, tensors } = fit;
  const told = fit.layout.family(fit, weights, configuration);
  if (told === undefined) return undefined;
  const { kind, why } = kindOf(fit, told.kind, configuration);
  return {
    kind,
    family: told.family,
    inputWidth,
    outputWidth,
    features,
    tensors,
    prefix: fit.prefix,
    evidence: [
      shapesSentence(fit),
      told.why,
      why,
      ...sizeSentences(fit, configuration),
      ...siteSentences(configuration),
    ],
  };
}

/** What it says of itself decides, then what only one kind has, then the widths. */
function kindOf(
  { tensors, inputWidth, outputWidth, encoderDims, decoderDims }: Fit,
  told: DictionaryKind | undefined,
  configuration: Configuration,
): { kind: DictionaryKind; why: string } {
  if (encoderDims?.length === 3) return { kind: 'crosscoder', why: 'Its encoder reads several places at once.' };
  if (told === 'cross-layer transcoder' || (encoderDims?.length === 2 && decoderDims?.length === 3))
    return { kind: 'cross-layer transcoder', why: 'Its decoder writes to several layers.' };
  const stated = configuration.first('architecture', 'model_kind', 'type', 'sae_type');
  const word = String(stated?.value ?? '').toLowerCase();
  if (stated !== undefined && /crosscoder/.test(word)) return { kind: 'crosscoder', why: sentence(stated) };
  if (stated !== undefined && /^clt$|cross_?layer/.test(word))
    return { kind: 'cross-layer transcoder', why: sentence(stated) };
  if (stated !== undefined && /transcoder/.test(word)) return { kind: 'transcoder', why: sentence(stated) };
  const transcode = configuration.first('transcode');
  if (transcode?.value === true) return { kind: 'transcoder', why: sentence(transcode) };
  if (tensors.skip !== undefined)
    return { kind: 'transcoder', why: 'It has a path from the input to the output past the features.' };
  if (told !== undefined) return { kind: told, why: `This layout is used for ${told}s only.` };
  if (inputWidth !== outputWidth)
    return { kind: 'transcoder', why: `It reads ${inputWidth} numbers and writes ${outputWidth}.` };
  return { kind: 'SAE', why: `It writes as many numbers as it reads (${inputWidth}), and nothing says otherwise.` };
}

function shapesSentence({ tensors, encoderDims, decoderDims, features }: Fit): string {
  const shown = (name: string | undefined, dims: readonly number[] | undefined): string[] =>
    name === undefined || dims === undefined ? [] : [`“${displayText(name, 60)}” (${dims.join(' × ')})`];
  const both = [...shown(tensors.encoder, encoderDims), ...shown(tensors.decoder, decoderDims)];
  return both.length === 1
    ? `${both.join('')} has ${features} features; the other half is in another file.`
    : `${both.join(' and ')} have ${features} features in common.`;
}

/** Sizes that a configuration states, and whether they are those of the tensors. */
function sizeSentences({ features, inputWidth }: Fit, configuration: Configuration): string[] {
  return [
    { stated: configuration.first('d_sae', 'dict_size', 'trainer.dict_size', 'num_features'), actual: features },
    { stated: configuration.first('d_in', 'd_model', 'activation_dim', 'trainer.activation_dim'), actual: inputWidth },
  ].flatMap(({ stated, actual }) => {
    if (typeof stated?.value !== 'number') return [];
    return [
      stated.value === actual
        ? sentence(stated)
        : `${sentence(stated)} The tensors say ${actual}, which is what is shown.`,
    ];
  });
}

function siteSentences(configuration: Configuration): string[] {
  const stated = statedSite(configuration);
  return stated === undefined ? [] : [sentence(stated)];
}

/** The hook that a configuration says a dictionary reads. */
export function statedSite(configuration: Configuration): Stated | undefined {
  return configuration.first(
    'hook_name',
    'metadata.hook_name',
    'hook_point',
    'hook_point_in',
    'feature_input_hook',
    'trainer.submodule_name',
  );
}
