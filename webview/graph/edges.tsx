import { memo } from 'preact/compat';
import type { JSX } from 'preact';
import type { GraphEdge } from '../../src/protocol/model.js';

const CORNER = 6;

interface EdgesProps {
  readonly edges: readonly GraphEdge[];
  readonly highlighted: ReadonlySet<GraphEdge>;
}

export const Edges = memo(function Edges({ edges, highlighted }: EdgesProps): JSX.Element {
  return (
    <g class="graph-edges">
      {edges.map((edge, index) => {
        const path = edgePath(edge.points);
        return (
          <g key={index} class={highlighted.has(edge) ? 'graph-edge highlighted' : 'graph-edge'}>
            <path class="graph-edge-line" d={path} marker-end="url(#arrow)" />
            <path class="graph-edge-target" d={path}>
              <title>{edge.label}</title>
            </path>
          </g>
        );
      })}
    </g>
  );
});

/** A polyline with rounded corners. */
function edgePath(points: readonly number[]): string {
  const at = (index: number): readonly [number, number] => [points[2 * index] ?? 0, points[2 * index + 1] ?? 0];
  const last = points.length / 2 - 1;
  let path = `M${at(0).join(' ')}`;
  for (let index = 1; index < last; index++) {
    const corner = at(index);
    const before = towards(corner, at(index - 1));
    const after = towards(corner, at(index + 1));
    path += `L${before.join(' ')}Q${corner.join(' ')} ${after.join(' ')}`;
  }
  return last > 0 ? `${path}L${at(last).join(' ')}` : path;
}

function towards([x, y]: readonly [number, number], [toX, toY]: readonly [number, number]): readonly [number, number] {
  const length = Math.hypot(toX - x, toY - y);
  const share = length === 0 ? 0 : Math.min(CORNER, length / 2) / length;
  return [x + (toX - x) * share, y + (toY - y) * share];
}
