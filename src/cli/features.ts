import { resolve } from 'node:path';
import { fewPlaces } from '../core/dictionary/few-places.js';
import { onOneLine } from '../core/display-text.js';
import type { Answers } from '../protocol/dictionary.js';
import { firstPlacesText, placeText } from '../core/dictionary/attach/layout.js';
import type {
  Excerpt,
  FeatureDetail,
  FeatureLabels,
  FeatureNeighbours,
  FeatureOverview,
  Layout,
} from '../protocol/features.js';
import type { SourceTokensAnswer } from '../protocol/source-tokens.js';
import type { PromptAnswer, SteeringAnswer } from '../protocol/steering.js';
import { exportListed, readListed, type Listed, type ListOptions } from './feature-lists.js';
import { neighbourLines } from './feature-neighbours.js';
import { counted, number, percent } from './numbers.js';
import { openInspection, type CliOptions } from './open.js';
import { sourceTokenLines, sourceTokensOf } from './source-tokens.js';
import { promptLines, steeringLines } from './steering.js';
import type { OnText } from './steering-options.js';

export interface FeaturesOptions extends CliOptions, ListOptions {
  readonly dictionary: string;
  /** To what the dictionary's file leaves open. */
  readonly answers: Answers;
  readonly reads?: string;
  readonly writes?: string;
  /** Features to tell more of. */
  readonly features: readonly number[];
  /** Whether to tell what these are like, too. */
  readonly neighbours: boolean;
  /** Whether to tell which tokens they got their values from. */
  readonly sourceTokens: boolean;
  readonly evenIfUnfit: boolean;
  /** What is asked of one text: it is told instead of the table of all features. */
  readonly onText?: OnText;
  readonly json: boolean;
}

interface Told extends FeatureDetail {
  readonly neighbours?: FeatureNeighbours;
  /** At its strongest examples. */
  readonly sourceTokens?: readonly SourceTokensAnswer[];
}

/** Runs a dictionary over the model's inputs and prints its features. */
export async function featuresCommand(options: FeaturesOptions): Promise<number> {
  const { inspection } = await openInspection(options);
  const dictionary = resolve(options.dictionary);
  try {
    const overview = await inspection.features({
      dictionary,
      answers: options.answers,
      ...(options.reads === undefined ? {} : { reads: options.reads }),
      ...(options.writes === undefined ? {} : { writes: options.writes }),
      ...(options.evenIfUnfit ? { evenIfUnfit: true } : {}),
    });
    const listed = await readListed(inspection, dictionary, options);
    const details: Told[] = [];
    for (const feature of options.features) {
      const detail = await inspection.feature({ feature });
      const neighbours = options.neighbours ? await inspection.featureNeighbours({ feature }) : undefined;
      const sources = options.sourceTokens ? await sourceTokensOf(inspection, overview, detail) : undefined;
      details.push({
        ...detail,
        ...(neighbours === undefined ? {} : { neighbours }),
        ...(sources === undefined ? {} : { sourceTokens: sources }),
      });
    }
    const { prompt, steering } = options.onText ?? {};
    const text: TextAnswers = {
      ...(prompt === undefined ? {} : { prompt: await inspection.prompt(prompt) }),
      ...(steering === undefined ? {} : { steering: await inspection.steer(steering) }),
    };
    const written = await exportListed(inspection, overview, listed, options);
    const told = { ...listed, lines: [...listed.lines, ...written] };
    process.stdout.write(options.json ? asJson(overview, details, text, told) : asText(overview, details, text, told));
    return 0;
  } finally {
    await inspection.close({});
  }
}

interface TextAnswers {
  readonly prompt?: PromptAnswer;
  readonly steering?: SteeringAnswer;
}

/** Typed arrays as lists of numbers. */
function asJson(
  overview: FeatureOverview,
  details: readonly Told[],
  text: TextAnswers,
  { features: listed, labels, lines }: Listed,
): string {
  const plain = (_key: string, value: unknown): unknown =>
    ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : value;
  const list = { ...(listed === undefined ? {} : { listed }), labels, notes: lines };
  return `${JSON.stringify({ overview, features: details, ...list, ...text }, plain, 2)}\n`;
}

function asText(
  overview: FeatureOverview,
  details: readonly Told[],
  text: TextAnswers,
  { features: listed, labels, lines: told }: Listed,
): string {
  const { totals, columns, decoderNorm, fvuWithoutFirst } = overview;
  const { one, many } = overview.placeWords;
  const count = (value: number): string => value.toLocaleString('en-US');
  const few = fewPlaces(totals.tokens, overview.placeWords, columns.density.length);
  const mind = few === undefined ? '' : ` (mind: ${few.short})`;
  const lines = [
    overview.dictionary,
    `Reads “${overview.reads}”${overview.writes === overview.reads ? '' : `, is to write “${overview.writes}”`}.`,
    `On ${overview.data}${overview.synthetic ? ' (random inputs)' : ''}: ${counted(totals.tokens, one, many)}.`,
    `Fraction of variance unexplained (FVU): ${overview.fvu.toFixed(4)}${fvuWithoutFirst === undefined ? '' : `; ${fvuWithoutFirst.toFixed(4)} without ${firstPlacesText(overview.layout, overview.placeWords)}`}${mind}.`,
    `L0, features that are not zero per ${one}: ${totals.l0.toFixed(2)} of ${count(columns.density.length)}${mind}.`,
    `Dead, above zero at no ${one}: ${count(totals.dead)}${mind}.`,
    ...(totals.nonFinite > 0 ? [`Not finite: ${counted(totals.nonFinite, 'value', 'values')}.`] : []),
    ...overview.warnings.map((warning) => `Mind: ${warning}`),
    ...told,
    '',
  ];
  if (details.length === 0 && text.prompt === undefined) {
    if (few !== undefined) lines.push(`Mind: ${few.short}.`);
    lines.push('feature  density  mean where > 0   largest  share of L0  decoder norm  name');
    const order = [...(listed ?? columns.density.keys())].sort(
      (a, b) => (columns.density[b] as number) - (columns.density[a] as number) || a - b,
    );
    for (const feature of order) {
      const cells = [
        String(feature).padStart(7),
        percent(columns.density[feature]).padStart(9),
        number(columns.mean[feature]).padStart(14),
        number(columns.maximum[feature]).padStart(10),
        percent(columns.share[feature]).padStart(12),
        number(decoderNorm[feature]).padStart(13),
        nameOf(labels, feature),
      ];
      lines.push(cells.join(''));
    }
  }
  for (const detail of details) {
    const { neighbours, sourceTokens = [] } = detail;
    const like = neighbours === undefined ? [] : neighbourLines(neighbours);
    const from = sourceTokens.flatMap(sourceTokenLines);
    lines.push(...detailLines(detail, overview, labels, mind), ...from, ...like, '');
  }
  if (text.prompt !== undefined) lines.push(...promptLines(text.prompt, few), '');
  if (text.steering !== undefined) lines.push(...steeringLines(text.steering), '');
  return `${lines.join('\n')}\n`;
}

/** What the person calls it, after two spaces. */
function nameOf(labels: FeatureLabels, feature: number): string {
  const name = labels[feature]?.name ?? '';
  return name === '' ? '' : `  ${name}`;
}

function detailLines(
  { feature, top, intervals, logits, noLogits }: FeatureDetail,
  { layout, placeWords }: FeatureOverview,
  labels: FeatureLabels,
  mind: string,
): string[] {
  const lines = [`Feature ${feature}${nameOf(labels, feature)}${mind}`];
  if (top.length === 0) lines.push(`  Fires at no ${placeWords.one}.`);
  for (const excerpt of top)
    lines.push(`  ${number(excerpt.activations[excerpt.at]).padStart(8)}  ${marked(excerpt, layout)}`);
  for (const { from, to, count } of intervals)
    lines.push(`  ${number(from)} to ${number(to)}: ${counted(count, placeWords.one, placeWords.many)}`);
  if (logits !== undefined) {
    const told = (effects: typeof logits.top): string =>
      effects.map(({ text, effect }) => `${text} ${number(effect)}`).join(', ');
    lines.push(`  Raises: ${told(logits.top)}`, `  Lowers: ${told(logits.bottom)}`);
  }
  if (noLogits !== undefined) lines.push(`  No logit effects: ${noLogits}`);
  return lines;
}

/** The text with the token in brackets, or the input with the place. */
function marked({ tokens, at, inputName, position }: Excerpt, layout: Layout): string {
  if (tokens === undefined) return [inputName, placeText(position, layout)].filter(Boolean).join(', ');
  return onOneLine(tokens.map((token, place) => (place === at ? `[${token}]` : token)).join(''));
}
