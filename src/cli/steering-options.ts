/** What the command line asks of features on one text, from its options. Tokens and inputs count from 1 there. */
import type { Intervention, Positions, PromptRequest, Rank, SteeringRequest } from '../protocol/steering.js';
import { indexOfInput, positionOfToken } from '../core/told-numbers.js';

export interface SteeringValues {
  readonly prompt?: string | undefined;
  readonly input?: string | undefined;
  readonly at?: string | undefined;
  readonly rank: string;
  readonly steer: readonly string[];
  readonly positions?: string | undefined;
  readonly continue?: string | undefined;
  readonly temperature: string;
  readonly seed: string;
}

export interface OnText {
  readonly prompt: PromptRequest;
  /** Where features are changed, or text is written on. */
  readonly steering?: SteeringRequest;
}

/** An option that cannot be what it was given. */
export interface WrongOption {
  readonly option: string;
  readonly value: string;
  readonly hint: string;
}

const RANKS: readonly Rank[] = ['activation', 'rarity', 'effect'];
const FEATURES_SHOWN = 20;
const STEER_HINT =
  'It is a feature and what is done to it: 12=ablate, 12=set:4, 12=add:2.5, 12=add:3x (times its largest).';

/** Undefined where nothing is asked of a text. */
export function onText(values: SteeringValues): OnText | undefined | WrongOption {
  const { prompt: text, input, at, rank, steer, positions, continue: written, temperature, seed } = values;
  if (text === undefined && input === undefined) {
    const [first] = steer;
    if (first === undefined && written === undefined) return undefined;
    return wrong(
      first === undefined ? '--continue' : '--steer',
      first ?? written ?? '',
      'It goes with --prompt or --input.',
    );
  }
  const source =
    text === undefined
      ? ({ kind: 'input', input: indexOfInput(Number(input)) } as const)
      : ({ kind: 'text', text } as const);
  if (source.kind === 'input' && !(Number.isSafeInteger(source.input) && source.input >= 0))
    return wrong('--input', input ?? '', 'Inputs count from 1.');
  const by = RANKS.find((each) => each === rank);
  if (by === undefined) return wrong('--rank', rank, `It is ${RANKS.join(', ')}.`);
  const token = at === undefined ? undefined : positionOfToken(Number(at));
  if (token !== undefined && !isPlace(token)) return wrong('--at', at ?? '', 'Tokens count from 1.');
  const chosen = token === undefined ? {} : { token };
  const prompt: PromptRequest = { prompt: source, rank: by, most: FEATURES_SHOWN, ...chosen };
  if (steer.length === 0 && written === undefined) return { prompt };
  const interventions: Intervention[] = [];
  for (const each of steer) {
    const intervention = interventionOf(each);
    if (intervention === undefined) return wrong('--steer', each, STEER_HINT);
    interventions.push(intervention);
  }
  const places: Positions =
    positions === undefined ? 'all' : positions.split(',').map((place) => positionOfToken(Number(place)));
  if (places !== 'all' && !places.every(isPlace))
    return wrong('--positions', positions ?? '', 'It is a list of tokens, from 1: 3,4,9.');
  const continuation =
    written === undefined
      ? {}
      : { continuation: { tokens: Number(written), temperature: Number(temperature), seed: Number(seed) } };
  return {
    prompt,
    steering: {
      prompt: source,
      interventions,
      positions: places,
      ...(token === undefined ? {} : { at: token }),
      ...continuation,
    },
  };
}

function isPlace(place: number): boolean {
  return Number.isSafeInteger(place) && place >= 0;
}

function wrong(option: string, value: string, hint: string): WrongOption {
  return { option, value, hint };
}

/** "12=ablate", "12=set:4", "12=add:3x". */
function interventionOf(text: string): Intervention | undefined {
  const [, feature, kind, amount, times] =
    /^(\d{1,9})=(ablate|set|add)(?::(-?[\d.]+(?:e[+-]?\d+)?)(x?))?$/.exec(text) ?? [];
  if (feature === undefined || (kind === 'ablate') !== (amount === undefined)) return undefined;
  const number = Number(amount ?? 0);
  if (!Number.isFinite(number)) return undefined;
  return {
    feature: Number(feature),
    kind: kind as Intervention['kind'],
    amount: number,
    unit: times === 'x' ? 'maximum' : 'absolute',
  };
}
