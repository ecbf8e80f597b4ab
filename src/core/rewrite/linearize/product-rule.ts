/** Products of two values that both depend on the input: methods, section 0.1, "Mul(a,b), both data-dependent". */
import type { Graph, GraphNode } from '../../graph/graph.js';
import { scalarConstant } from '../../graph/constants.js';
import { compose, type LinearMap } from './linear-map.js';
import { scale } from './maps.js';
import type { Linear, Reading, Site, Term } from './rule.js';

/** Steps that a gate is followed back through. */
const GATE_STEPS = 16;

/** What weighs values against each other: its products stay those of a held pattern whatever gates get. */
const PATTERNS: ReadonlySet<string> = new Set(['Softmax']);

const GATES: ReadonlySet<string> = new Set(['Sigmoid', 'Erf', 'HardSigmoid', ...PATTERNS]);

/**
 * y = B(x₀, x₁), linear in each operand. With one that moves it is exact. With both: the derivative, short by −y
 * (`tangent`); or a gate is held still (`frozen`), and where none of them is a gate each gets half. Where gates get half,
 * only a pattern and what is an operand's own gate (the secant of an activation) is held.
 * @param maps the product as a map of one operand at the value of the other; of positions 0 and 1.
 */
export function product(site: Site, reading: Reading, maps: readonly [LinearMap, LinearMap]): Linear {
  const terms: readonly [Term, Term] = [
    { input: 0, map: maps[0] },
    { input: 1, map: maps[1] },
  ];
  if (!site.isActive(1)) return { terms: [terms[0]] };
  if (!site.isActive(0)) return { terms: [terms[1]] };
  if (reading === 'tangent') return { terms, offset: () => site.calc.op('Neg', site.output) };
  const gate = gateOf(site);
  if (gate !== undefined) return { terms: [terms[gate === 0 ? 1 : 0]] };
  const half = scale(site.calc, 0.5, site.to);
  return { terms: terms.map(({ input, map }) => ({ input, map: compose(map, half) })) };
}

/** Position of the operand that opens and closes the other, or undefined where neither does or both do. */
function gateOf(site: Site): 0 | 1 | undefined {
  const [a, b] = [site.input(0), site.input(1)];
  if (a === b) return undefined;
  const gates = [isGate(site, a) || gatesItself(site, a, b), isGate(site, b) || gatesItself(site, b, a)];
  if (gates[0] === gates[1]) return undefined;
  return gates[0] ? 0 : 1;
}

/** A gate's output, also after constants were added to it or multiplied by it: 0.5 (1 + erf z). */
function isGate(site: Site, value: string): boolean {
  const { graph, gates } = site;
  const held = gates === 'none' ? GATES : PATTERNS;
  let shifted = false;
  let name = value;
  for (let step = 0; step < GATE_STEPS; step++) {
    const node = graph.producerOf(name);
    if (node === undefined || node.domain !== '') return false;
    if (held.has(node.opType)) return true;
    // 1 + tanh z is 2 σ(2 z).
    if (node.opType === 'Tanh') return shifted && gates === 'none';
    if (!AFFINE.has(node.opType)) return false;
    const moving = node.inputs.filter((input) => site.dependsOnStart(input));
    if (moving.length !== 1) return false;
    shifted ||= ['Add', 'Sub', 'Sum'].includes(node.opType) && addsOne(graph, node);
    name = moving[0] ?? '';
  }
  return false;
}

function addsOne(graph: Graph, node: GraphNode): boolean {
  return node.inputs.some((input) => Math.abs(scalarConstant(graph, input) ?? 0) === 1);
}

/**
 * x · g(x), element by element: g is the gate, and x · g(x) held at g is the secant of the whole (E3). Only where g is
 * more than x times or plus a constant.
 */
function gatesItself(site: Site, gate: string, value: string): boolean {
  const { graph } = site;
  const open = [gate];
  let bent = false;
  for (let step = 0; step < GATE_STEPS; step++) {
    const name = open.pop();
    if (name === undefined) return bent;
    if (name === value || !site.dependsOnStart(name)) continue;
    const node = graph.producerOf(name);
    if (node === undefined || node.domain !== '' || !ELEMENTWISE.has(node.opType)) return false;
    bent ||= !AFFINE.has(node.opType);
    open.push(...node.inputs.filter((input) => input !== ''));
  }
  return false;
}

const AFFINE: ReadonlySet<string> = new Set(['Add', 'Sub', 'Sum', 'Neg', 'Identity', 'Cast', 'Mul', 'Div']);

const ELEMENTWISE: ReadonlySet<string> = new Set([
  ...AFFINE,
  ...GATES,
  'Tanh',
  'Softplus',
  'Exp',
  'Log',
  'Relu',
  'Clip',
  'Min',
  'Max',
  'Pow',
  'Reciprocal',
]);
