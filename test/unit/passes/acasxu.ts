/**
 * The ACAS Xu networks over the inputs that they are made for. Ranges and normalisation as their authors published them
 * (Katz et al. 2017; the header of the .nnet files): ρ, θ, ψ, v_own, v_int, each less its mean and divided by its range.
 */
import { readFileSync } from 'node:fs';
import { decodeOnnx } from '../../../src/core/formats/onnx/decode.js';
import type { NetworkSubject } from '../../../src/core/passes/pass.js';
import type { PassResult, UnitMetric } from '../../../src/core/passes/result.js';
import type { BoxedModel } from './box-points.js';

const MEANS = [19791.091, 0, 0, 650, 600];
const SPANS = [60261, 2 * Math.PI, 2 * Math.PI, 1100, 1200];
const LEAST = [0, -Math.PI, -Math.PI, 100, 0];
const MOST = [60760, Math.PI, Math.PI, 1200, 1200];

const normalised = (values: readonly number[]): number[] =>
  values.map((value, at) => (value - (MEANS[at] ?? 0)) / (SPANS[at] ?? 1));

export const ACAS_XU_BOX: NetworkSubject['box'] = {
  ranges: { input: { lower: normalised(LEAST), upper: normalised(MOST), origin: 'as published' } },
  splits: 0,
};

export function openAcasXu(path: string): BoxedModel {
  return { model: decodeOnnx(readFileSync(path)), input: 'input', example: [1, 1, 5], box: ACAS_XU_BOX };
}

function metric({ unitMetrics }: PassResult, id: string): UnitMetric['values'] {
  return unitMetrics.find((each) => each.id === id)?.values ?? {};
}

/** Units of which less is known where the box is cut than of the whole: nowhere may it be less. */
export function lostByCutting(whole: PassResult, cut: PassResult): string[] {
  const [upper, lower, verdict] = ['certified-upper', 'certified-lower', 'certificate'].map((id) => ({
    whole: metric(whole, id),
    cut: metric(cut, id),
  }));
  return Object.entries(verdict?.whole ?? {}).flatMap(([layer, codes]) =>
    Array.from(codes).flatMap((code, unit) => {
      const of = (found: typeof upper, which: 'whole' | 'cut'): number => found?.[which][layer]?.[unit] ?? NaN;
      const keeps =
        of(upper, 'cut') <= of(upper, 'whole') &&
        of(lower, 'cut') >= of(lower, 'whole') &&
        (code === 0 || of(verdict, 'cut') === code);
      return keeps ? [] : [`${layer}[${unit}]: ${of(lower, 'cut')} to ${of(upper, 'cut')}`];
    }),
  );
}
