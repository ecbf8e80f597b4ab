import { Fragment, type JSX } from 'preact';
import type { EquationLine } from '../../src/core/dictionary/equation.js';

/** What a dictionary computes, step by step, for one token x. */
export function Equation({ lines }: { lines: readonly EquationLine[] }): JSX.Element | null {
  if (lines.length === 0) return null;
  return (
    <dl class="coder-equation" aria-label="Equation, for one token x">
      {lines.map(({ what, formula }, index) => (
        <Fragment key={index}>
          <dt>{what}</dt>
          <dd>{formula}</dd>
        </Fragment>
      ))}
    </dl>
  );
}
