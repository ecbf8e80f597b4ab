/** Losses of class scores, [examples, classes, ...]. */
import { attributeInt, attributeString } from '../../graph/attributes.js';
import { compose, type LinearMap, type Shape } from './linear-map.js';
import { lazy } from './linear.js';
import { reshape, scale, sum } from './maps.js';
import { logSoftmax } from './norms.js';
import { only, remainder, withFixed, type Linear, type Rule, type Site } from './rule.js';

/** −w log p of the target class of each place, added up or averaged over the weights. */
function negativeLogLikelihood(site: Site): LinearMap {
  const { calc, node, from, to } = site;
  const target = site.input(1);
  const ignored = attributeInt(node, 'ignore_index');
  const reduction = attributeString(node, 'reduction') ?? 'mean';
  const column = [from[1] ?? 1, ...from.slice(2).map(() => 1)];
  const places: Shape = [from[0] ?? 1, ...from.slice(2)];
  /** The weight of each place's class where it is the target, else 0. */
  const weights = (): string => {
    const classes = calc.reshape(
      calc.writer.node('Range', [calc.writer.int(0), calc.writer.int(from[1] ?? 1), calc.writer.int(1)]),
      column,
    );
    const wanted = calc.reshape(calc.with('Cast', [target], { to: 7 }), [from[0] ?? 1, 1, ...from.slice(2)]);
    const hit = calc.op('Equal', classes, wanted);
    const weighted = site.input(2) === '' ? calc.number(1) : calc.reshape(site.input(2), column);
    const all = calc.op('Where', hit, weighted, 0);
    if (ignored === undefined) return all;
    return calc.op('Where', calc.op('Equal', wanted, calc.writer.int(ignored)), 0, all);
  };
  const factors = (): string => {
    const each = weights();
    if (reduction !== 'mean') return calc.op('Neg', each);
    const every = from.map((_, axis) => axis);
    return calc.op('Neg', calc.op('Div', each, calc.reduce('ReduceSum', each, every, true)));
  };
  const chosen = compose(
    lazy(() => scale(calc, factors(), from)),
    sum(calc, from, [1], false),
  );
  if (reduction === 'none') return chosen;
  return compose(
    chosen,
    sum(
      calc,
      places,
      places.map((_, axis) => axis),
      true,
    ),
    reshape(
      calc,
      places.map(() => 1),
      to,
    ),
  );
}

const likelihoodLoss: Rule = (site) => only(0, negativeLogLikelihood(site));

/** The same of log-softmax; the second output is the log-softmax itself. */
const crossEntropy: Rule = (site, reading) => {
  const { calc, node, from } = site;
  const given = node.outputs[1] ?? '';
  const logProbabilities = lazyValue(() =>
    given !== '' ? given : calc.with('LogSoftmax', [site.input(0)], { axis: 1 }),
  );
  const { map, offset } = logSoftmax(site, reading, logProbabilities, 1);
  const loss = compose(map, negativeLogLikelihood(site));
  const terms = [{ input: 0, map: loss }];
  const ofLoss = (): string => {
    const shift = calc.reshape(offset(), [1, ...from]);
    return calc.reshape(negativeLogLikelihood(site).forward(shift), site.to);
  };
  const first: Linear = { terms, offset: reading === 'frozen' ? ofLoss : remainder(site, terms) };
  return given === '' ? first : [first, only(0, map, offset)];
};

function lazyValue(make: () => string): () => string {
  let made: string | undefined;
  return () => (made ??= make());
}

export const LOSS_RULES: Readonly<Record<string, Rule>> = {
  NegativeLogLikelihoodLoss: withFixed(1, likelihoodLoss),
  SoftmaxCrossEntropyLoss: withFixed(1, crossEntropy),
};
