/** The table of all features as rows, and as text. */
import type { FeatureColumns } from './columns.js';
import { placeOf } from './excerpts.js';
import type { FeatureLabels } from './labels.js';
import { placeText, tokenPlace, type Layout, type PlaceWords } from '../dictionary/attach/layout.js';
import { inputNumber } from '../told-numbers.js';

export interface FeatureRow {
  readonly feature: number;
  /** What the person calls it; empty where they do not. */
  readonly name: string;
  readonly note: string;
  readonly density: number;
  /** NaN of one that never fired: it has neither. */
  readonly mean: number;
  readonly maximum: number;
  readonly share: number;
  readonly decoderNorm: number;
  /** What it fires on most strongly; empty where it never fired. */
  readonly topToken: string;
  /** Of that token, where each has a place for every head and its text is told. */
  readonly topHead?: number;
}

/** What is known of all features of a pass. */
interface FeatureTable {
  readonly columns: FeatureColumns;
  readonly decoderNorm: Float32Array;
  readonly stride: number;
  readonly layout: Layout;
  readonly topTokens?: readonly string[];
}

export function featureRows(
  { columns, decoderNorm, stride, topTokens, layout }: FeatureTable,
  labels: FeatureLabels,
): readonly FeatureRow[] {
  return Array.from(columns.density, (density, feature): FeatureRow => ({
    feature,
    name: labels[feature]?.name ?? '',
    note: labels[feature]?.note ?? '',
    density,
    mean: density > 0 ? (columns.mean[feature] as number) : NaN,
    maximum: density > 0 ? (columns.maximum[feature] as number) : NaN,
    share: columns.share[feature] as number,
    decoderNorm: decoderNorm[feature] as number,
    ...strongestOf(columns.topToken[feature] as number, topTokens?.[feature], stride, layout),
  }));
}

/** Without text the number of the input, and the place in it where it has several. */
function strongestOf(
  token: number,
  text: string | undefined,
  stride: number,
  layout: Layout,
): Pick<FeatureRow, 'topToken' | 'topHead'> {
  if (token < 0) return { topToken: '' };
  const { input, position } = placeOf(token, stride);
  const { head } = tokenPlace(position, layout);
  if (text !== undefined) return { topToken: text, ...(head === undefined ? {} : { topHead: head }) };
  return { topToken: [`input ${inputNumber(input)}`, placeText(position, layout)].filter(Boolean).join(', ') };
}

export function featuresAsText(
  rows: readonly FeatureRow[],
  { one, many }: PlaceWords,
): {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
} {
  return {
    header: [
      'feature',
      'name',
      `density (share of ${many} with f > 0)`,
      'mean where f > 0',
      'largest',
      'share of L0',
      'decoder norm',
      `strongest ${one}`,
      'note',
    ],
    rows: rows.map(({ feature, name, note, density, mean, maximum, share, decoderNorm, topToken, topHead }) => [
      String(feature),
      name,
      ...[density, mean, maximum, share, decoderNorm].map(exactText),
      topHead === undefined ? topToken : `${topToken}, head ${topHead}`,
      note,
    ]),
  };
}

/** As exact as a float32 is; without separators. */
function exactText(value: number): string {
  return String(Number(value.toPrecision(8)));
}
