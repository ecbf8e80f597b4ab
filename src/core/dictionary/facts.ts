/** What a file and its configuration say of a dictionary, what a person answered, and what nobody did. */
import { sentence, type Configuration } from '../formats/dictionary-configuration.js';
import type { Dictionary } from '../formats/dictionary-signature.js';
import type { TensorFile, WeightTensor } from '../formats/tensor-file.js';
import { displayText } from '../display-text.js';
import { problem } from '../errors.js';
import { storedNumbers } from '../tensor/stored-type.js';
import { elementCount } from '../tensor/tensor.js';

/** Switches of the equation that a file may leave open. */
export type Switch =
  | 'architecture'
  | 'orientation'
  | 'subtract'
  | 'activation'
  | 'k'
  | 'threshold'
  | 'input-scale'
  | 'output-scale'
  | 'code-normalisation'
  | 'decoder-norm'
  | 'layer';

export type Answer = string | number;
export type Answers = Readonly<Partial<Record<Switch, Answer>>>;

/** What must be known before the numbers mean anything, and is not. */
export interface Question {
  readonly switch: Switch;
  /** Whole sentences: what is missing, and where it usually stands. */
  readonly text: string;
  /** Absent: any number will do, unless `least` bounds it. */
  readonly choices?: readonly { readonly value: string; readonly text: string }[];
  readonly least?: number;
  /** Only whole numbers. */
  readonly whole?: boolean;
}

/** One switch as it was decided, and why: fit to be shown. */
export interface Decision {
  readonly what: string;
  readonly value: string;
  readonly because: string;
}

export interface Known<T> {
  readonly value: T;
  readonly because: string;
}

export interface Facts {
  readonly dictionary: Dictionary;
  readonly weights: TensorFile;
  readonly decisions: readonly Decision[];
  readonly questions: readonly Question[];
  /** Switches that a person decided. */
  readonly answered: readonly Switch[];
  /** A tensor by its family's name for it. */
  tensor(name: string): WeightTensor | undefined;
  has(name: string): boolean;
  /** Whether there is any configuration at all: a key that is absent from one that exists has its family's default. */
  readonly isConfigured: boolean;
  /** The first of these keys that the files beside it, or the file itself, state. */
  stated(...keys: readonly string[]): Known<string | number | boolean> | undefined;
  /** A whole vector, or a scalar. @throws ProblemError as reading does. */
  numbers(name: string): Promise<Float32Array | Float64Array>;
  /** What a person answered; undefined, and the question is put, where nobody did. */
  ask(question: Question): Known<Answer> | undefined;
  /** Writes a switch down. */
  decide(what: string, value: string, because: string): void;
}

/** Biases and thresholds: up to far more features than there are. */
const LONGEST_VECTOR = 2 ** 26;
/** Where savers keep configuration inside the file. */
const INSIDE = ['', 'cfg.', 'header.cfg.', 'header.', 'config.'];

export function gatherFacts(
  dictionary: Dictionary,
  weights: TensorFile,
  configuration: Configuration,
  answers: Answers,
): Facts {
  const byName = new Map(weights.tensors.map((tensor) => [tensor.name, tensor]));
  const metadata = new Map(weights.metadata.map(({ key, value }) => [key, value]));
  const decisions: Decision[] = [];
  const questions: Question[] = [];
  const answered: Switch[] = [];
  const find = (name: string): WeightTensor | undefined => byName.get(dictionary.prefix + name);
  const inFile = (key: string): Known<string | number | boolean> | undefined => {
    for (const before of INSIDE) {
      const text = metadata.get(before + key);
      if (text !== undefined)
        return {
          value: plain(text),
          because: `The file says ${displayText(before + key, 60)}: ${displayText(text, 100)}.`,
        };
    }
    return undefined;
  };
  return {
    dictionary,
    weights,
    decisions,
    questions,
    answered,
    isConfigured: configuration.files.length > 0 || metadata.size > 0,
    tensor: find,
    has: (name) => find(name) !== undefined,
    stated(...keys) {
      const beside = configuration.first(...keys);
      if (beside !== undefined) return { value: beside.value, because: sentence(beside) };
      for (const key of keys) {
        const found = inFile(key);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    async numbers(name) {
      const tensor = find(name);
      if (tensor === undefined) throw missingTensor(name);
      return readVector(tensor);
    },
    ask(question) {
      const answer = answers[question.switch];
      if (answer !== undefined && isAnswer(question, answer)) {
        answered.push(question.switch);
        return { value: answer, because: 'You said so.' };
      }
      questions.push(question);
      return undefined;
    },
    decide: (what, value, because) => void decisions.push({ what, value, because }),
  };
}

/** @throws ProblemError `malformed-model` where it has no numbers or far too many. */
export async function readVector(tensor: WeightTensor): Promise<Float32Array | Float64Array> {
  const { name, dims, values, unreadable } = tensor;
  const elements = elementCount(dims);
  if (values === undefined || elements > LONGEST_VECTOR) {
    throw problem(
      'malformed-model',
      `The tensor “${displayText(name, 100)}” cannot be read. ${unreadable ?? ''}`.trim(),
      {
        place: `tensor “${displayText(name, 100)}”`,
        remedy: 'Save the dictionary again.',
      },
    );
  }
  return storedNumbers(values.type, await values.read(0, elements));
}

export function missingTensor(name: string): Error {
  const shown = displayText(name, 100);
  return problem('malformed-model', `The dictionary lacks its tensor “${shown}”.`, {
    place: `tensor “${shown}”`,
    remedy: 'Save or download the dictionary again, with all of its tensors.',
  });
}

/** Answers are kept in a workspace and may be those of another question by now. */
function isAnswer({ choices, least, whole }: Question, answer: Answer): boolean {
  if (choices !== undefined) return choices.some(({ value }) => value === answer);
  if (typeof answer !== 'number' || !Number.isFinite(answer)) return false;
  return answer >= (least ?? -Infinity) && (whole !== true || Number.isInteger(answer));
}

/** Plain values of a pickle are told as texts, spelled as Python spells them. */
function plain(text: string): string | number | boolean {
  if (text === 'True' || text === 'true') return true;
  if (text === 'False' || text === 'false') return false;
  const number = Number(text);
  return text.trim() !== '' && Number.isFinite(number) ? number : text;
}
