import type { JSX } from 'preact';
import type { Quantity } from '../../../src/core/passes/result.js';
import { Legend } from '../../charts/legend.js';
import { outputWord, positionWord } from '../ends.js';
import type { System } from '../system.js';

interface VoteLegendProps {
  readonly system: System;
  readonly reach: number;
  readonly label?: string;
}

/** The scale that all vote maps share. */
export function VoteLegend({ system, reach, label }: VoteLegendProps): JSX.Element {
  const { description } = system;
  const word = outputWord(description);
  const quantity: Quantity = {
    id: 'vote',
    label: label ?? `Vote, in units of the ${word}`,
    definition: `What one ${positionWord(description.from.layout)} added to the ${word} (positive) or took from it (negative).`,
    format: 'number',
    scale: 'diverging',
  };
  return <Legend quantity={quantity} domain={[-reach, reach]} note="the same for all" />;
}
