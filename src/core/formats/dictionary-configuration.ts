/** What the configuration files beside a dictionary say: read with bounds, as plain keys and values. */
import type { ByteSource, SiblingFiles } from '../bytes/byte-source.js';
import { displayText } from '../display-text.js';
import { ProblemError } from '../errors.js';
import { jsonValues, MAXIMUM_VALUES, type KeyedValue } from './json-values.js';

/** One value of one file. */
export interface Stated extends KeyedValue {
  readonly file: string;
}

export interface Configuration {
  /** Those that were found and say something. */
  readonly files: readonly string[];
  /** The first of these keys that any of the files has. */
  first(...keys: readonly string[]): Stated | undefined;
}

const FILES = ['cfg.json', 'config.json', 'config.yaml', 'hyperparams.json', 'activation_scaler.json'];
/** Llama Scope's, of the folder above “checkpoints”. */
const ABOVE = '../hyperparams.json';
/** What that one says of itself: another trainer's file of this name is none of the dictionary's. */
const KEYS_ABOVE = /^(jump_relu_threshold|sparsity_include_decoder_norm|dataset_average_activation_norm\.(in|out))$/;
/** Configurations have some hundred bytes; what is larger is something else. */
const MAXIMUM_BYTES = 256 * 1024;

/** A file that is missing, too large or not what its name says is as good as none. */
export async function readConfiguration(siblings: SiblingFiles): Promise<Configuration> {
  const stated: Stated[] = [];
  for (const file of FILES) {
    const text = await textOf(() => siblings.open(file));
    if (text !== undefined) {
      const values = file.endsWith('.yaml') ? yamlValues(text) : jsonValues(text);
      stated.push(...values.map((value) => ({ file, ...value })));
    }
  }
  if (stated.length === 0) stated.push(...(await statedAbove(siblings)));
  return {
    files: [...new Set(stated.map(({ file }) => file))],
    first(...keys) {
      for (const key of keys) {
        const found = stated.find((each) => each.key === key);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}

async function statedAbove({ openHyperparameters }: SiblingFiles): Promise<readonly Stated[]> {
  const text = openHyperparameters && (await textOf(openHyperparameters));
  const values = text === undefined ? [] : jsonValues(text);
  return values.some(({ key }) => KEYS_ABOVE.test(key)) ? values.map((value) => ({ file: ABOVE, ...value })) : [];
}

async function textOf(open: () => Promise<ByteSource>): Promise<string | undefined> {
  let source: ByteSource | undefined;
  try {
    source = await open();
    if (source.size > MAXIMUM_BYTES) return undefined;
    return new TextDecoder().decode(await source.read(0, source.size));
  } catch (error) {
    if (error instanceof ProblemError) return undefined;
    throw error;
  } finally {
    await source?.close?.();
  }
}

/** Only what is needed of YAML: plain values of the outermost mapping. */
function yamlValues(text: string): KeyedValue[] {
  const found: KeyedValue[] = [];
  for (const [, key = '', value = ''] of text.matchAll(/^([\w-]{1,100}):[ \t]+(["']?[^\r\n#]{1,200})/gm)) {
    if (found.length >= MAXIMUM_VALUES) break;
    found.push({ key, value: value.trim().replace(/^(["'])(.*)\1$/, '$2') });
  }
  return found;
}

/** "“cfg.json” beside it says architecture: jumprelu." */
export function sentence({ file, key, value }: Stated): string {
  const where = file === ABOVE ? '“hyperparams.json” in the folder above it' : `“${file}” beside it`;
  return `${where} says ${displayText(key, 60)}: ${displayText(String(value), 100)}.`;
}
