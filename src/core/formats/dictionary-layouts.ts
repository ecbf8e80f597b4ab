/** How the known families name the tensors of a dictionary, and how they are told apart. */
import { sentence, type Configuration } from './dictionary-configuration.js';
import type { TensorFile } from './tensor-file.js';

export type DictionaryKind = 'SAE' | 'transcoder' | 'cross-layer transcoder' | 'crosscoder';

/** Which tensor is what; a file may hold a part of a dictionary only. */
export interface DictionaryTensors {
  readonly encoder?: string;
  readonly decoder?: string;
  readonly encoderBias?: string;
  readonly decoderBias?: string;
  readonly threshold?: string;
  readonly skip?: string;
}

/** The tensors of a file that a layout is about, and the sizes that they agree on. */
export interface Fit {
  readonly layout: Layout;
  readonly prefix: string;
  readonly tensors: DictionaryTensors;
  readonly encoderDims?: readonly number[];
  readonly decoderDims?: readonly number[];
  /** Whether there is a tensor of this name. */
  readonly has: (name: string) => boolean;
  readonly features: number;
  readonly inputWidth: number;
  readonly outputWidth: number;
}

interface Family {
  readonly family: string;
  /** Where the family has one kind only. */
  readonly kind?: DictionaryKind;
  /** A plain sentence. */
  readonly why: string;
}

export interface Layout {
  readonly encoder: RegExp;
  readonly decoder: RegExp;
  readonly encoderBias?: RegExp;
  readonly decoderBias?: RegExp;
  readonly threshold?: RegExp;
  /** From the input to the output past the features. */
  readonly skip?: RegExp;
  /** Vectors with one number for each feature. */
  readonly perFeature: RegExp;
  /** Other tensors that the family has, where they are many. */
  readonly others?: RegExp;
  /** Which axis of the encoder the features are on where no vector tells: matrices of linear layers have them first. */
  readonly featuresFirst?: boolean;
  /** Whether encoder and decoder may lie in files of their own. */
  readonly mayBeApart?: boolean;
  /** undefined: the names alone mean nothing. */
  family(fit: Fit, weights: TensorFile, configuration: Configuration): Family | undefined;
}

const UNKNOWN = 'of no known family';

const crossLayer: Layout = {
  encoder: /^encoder_module\.encoders\.0\.weight$/,
  decoder: /^decoder_module\.decoders\.0->0\.weight$/,
  encoderBias: /^encoder_module\.encoders\.0\.bias(_param)?$/,
  decoderBias: /^decoder_module\.decoders\.0->0\.bias(_param)?$/,
  perFeature: /^encoder_module\.encoders\.\d+\.bias(_param)?$/,
  others: /^(encoder_module\.|decoder_module\.|theta_manager\.|log_threshold)/,
  featuresFirst: true,
  family: () => ({
    family: 'crosslayer-coding',
    kind: 'cross-layer transcoder',
    why: 'Encoders of layers and decoders between layers are named as crosslayer-coding names them.',
  }),
};

/** One file for the encoders of a layer and one for its decoders. */
const crossLayerFiles: Layout = {
  encoder: /^W_enc_\d+$/,
  decoder: /^W_dec_\d+$/,
  encoderBias: /^b_enc_\d+$/,
  decoderBias: /^b_dec_\d+$/,
  threshold: /^threshold_\d+$/,
  perFeature: /^(b_enc|threshold)_\d+$/,
  mayBeApart: true,
  family: ({ decoderDims }) =>
    decoderDims !== undefined && decoderDims.length !== 3
      ? undefined
      : {
          family: 'circuit-tracer',
          kind: 'cross-layer transcoder',
          why: 'The tensors are named by layer, as circuit-tracer names those of cross-layer transcoders.',
        },
};

const twoBiases: Layout = {
  encoder: /^W_enc$/,
  decoder: /^W_dec$/,
  encoderBias: /^b_enc$/,
  decoderBias: /^b_dec_out$/,
  skip: /^W_skip$/,
  perFeature: /^b_enc$/,
  family: ({ has }) =>
    has('b_dec') && has('b_dec_out')
      ? {
          family: 'transcoder_circuits or ViT-Prisma',
          kind: 'transcoder',
          why: 'It subtracts “b_dec” from the input and adds “b_dec_out” to the output.',
        }
      : undefined,
};

const capital: Layout = {
  encoder: /^W_enc$/,
  decoder: /^W_dec$/,
  encoderBias: /^b_enc$/,
  decoderBias: /^b_dec$/,
  threshold: /^((activation_function\.)?threshold|log_threshold|log_jumprelu_threshold)$/,
  skip: /^W_skip$/,
  perFeature: /^(b_enc|b_gate|b_mag|r_mag|(activation_function\.)?threshold|log_threshold)$/,
  family(fit, weights, configuration) {
    const { has, encoderDims = [], features } = fit;
    const isFeaturesFirst = encoderDims[0] === features && encoderDims[1] !== features;
    if (encoderDims.length === 3)
      return { family: 'crosscoder', why: 'Encoder and decoder have an axis for the places that they read and write.' };
    const header = weights.metadata.find(({ key }) => key === 'header.schema');
    if (header !== undefined)
      return { family: 'saev', kind: 'SAE', why: 'Its first line is a header in JSON, as saev writes it.' };
    const set = configuration.first('model_kind');
    if (set !== undefined) return { family: 'circuit-tracer', kind: 'transcoder', why: sentence(set) };
    if (
      has('activation_function.threshold') ||
      (isFeaturesFirst && /^layer_\d+\.safetensors$/.test(weights.files[0] ?? ''))
    )
      return {
        family: 'circuit-tracer',
        kind: 'transcoder',
        why: 'File and tensors are named as circuit-tracer names them.',
      };
    const trainer = configuration.first('trainer.dict_class');
    if (trainer !== undefined) return { family: 'dictionary_learning', why: sentence(trainer) };
    const lens = configuration.first('architecture', 'activation_fn_str', 'activation_fn', 'hook_point');
    if (lens !== undefined && !isFeaturesFirst) return { family: 'SAELens', why: sentence(lens) };
    if (weights.format === 'numpy' && has('threshold'))
      return { family: 'Gemma Scope', why: 'It is an archive of arrays with these names and a “threshold”.' };
    if (has('group_sizes'))
      return { family: 'dictionary_learning', why: 'It has the “group_sizes” of a Matryoshka dictionary.' };
    return {
      family: UNKNOWN,
      why: 'The tensors are named as dictionaries usually are; no configuration beside it says whose.',
    };
  },
};

const small: Layout = {
  encoder: /^w_enc$/,
  decoder: /^w_dec$/,
  encoderBias: /^b_enc$/,
  decoderBias: /^b_dec$/,
  threshold: /^threshold$/,
  skip: /^affine_skip_connection$/,
  perFeature: /^(b_enc|threshold)$/,
  family: (_, { format }) => ({
    family: format === 'numpy' ? 'Gemma Scope' : 'Gemma Scope 2',
    why: 'The tensors are named as Gemma Scope names them.',
  }),
};

const mixed: Layout = {
  encoder: /^encoder\.weight$/,
  decoder: /^W_dec$/,
  encoderBias: /^encoder\.bias$/,
  decoderBias: /^b_dec$/,
  skip: /^W_skip$/,
  perFeature: /^encoder\.bias$/,
  featuresFirst: true,
  family: () => ({ family: 'sparsify', why: 'The tensors are named as EleutherAI’s sparsify names them.' }),
};

const openai: Layout = {
  encoder: /^encoder\.weight$/,
  decoder: /^decoder\.weight$/,
  encoderBias: /^latent_bias$/,
  decoderBias: /^pre_bias$/,
  perFeature: /^latent_bias$/,
  family: ({ has }) =>
    has('pre_bias') && has('latent_bias')
      ? { family: 'OpenAI', why: 'It has the “pre_bias” and “latent_bias” of OpenAI’s autoencoders.' }
      : undefined,
};

/** Any autoencoder may be named so: something else must say that it is a dictionary. */
const linearLayers: Layout = {
  encoder: /^encoder\.weight$/,
  decoder: /^decoder\.weight$/,
  encoderBias: /^(encoder\.bias|gate_bias)$/,
  decoderBias: /^(decoder\.bias|b_dec|bias|decoder_bias)$/,
  threshold: /^(threshold|log_jumprelu_threshold)$/,
  perFeature: /^(encoder\.bias|gate_bias|mag_bias|r_mag)$/,
  featuresFirst: true,
  family({ has, encoderDims, decoderDims }, { files }, configuration) {
    if (encoderDims?.length === 3 && decoderDims?.length === 3)
      return { family: 'crosscoder', why: 'Encoder and decoder have an axis for the places that they read and write.' };
    const trainer = configuration.first('trainer.dict_class');
    if (trainer !== undefined) return { family: 'dictionary_learning', why: sentence(trainer) };
    const scope = configuration.first('jump_relu_threshold', 'dataset_average_activation_norm.in');
    if (scope !== undefined) return { family: 'Llama Scope', why: sentence(scope) };
    if (has('log_jumprelu_threshold'))
      return { family: 'Llama Scope', why: 'It has the “log_jumprelu_threshold” of Llama Scope.' };
    if (files[0] === 'final.safetensors' && has('encoder.bias') && has('decoder.bias'))
      return {
        family: 'Llama Scope',
        why: 'File and tensors are named as Llama Scope names them; its “hyperparams.json” is missing.',
      };
    const isGated = has('r_mag') && has('decoder_bias');
    const isPlain = has('bias') && has('encoder.bias') && !has('decoder.bias');
    if (isGated || isPlain || (has('b_dec') && has('encoder.bias')))
      return { family: 'dictionary_learning', why: 'The biases are named as dictionary_learning names them.' };
    return undefined;
  },
};

const llamascopium: Layout = {
  encoder: /^W_E$/,
  decoder: /^W_D$/,
  encoderBias: /^b_E$/,
  decoderBias: /^b_D$/,
  perFeature: /^b_E$/,
  family: () => ({ family: 'Llamascopium', why: 'The tensors are named as Llamascopium names them.' }),
};

/** The most telling names first. */
export const LAYOUTS: readonly Layout[] = [
  crossLayer,
  crossLayerFiles,
  twoBiases,
  capital,
  small,
  mixed,
  openai,
  linearLayers,
  llamascopium,
];
