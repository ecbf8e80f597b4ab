/** What a node is for, told from the structure around it: its part of the network, and the names of what it makes. */
import type { JSX } from 'preact';
import { roleText } from '../../src/core/graph/roles/role-words.js';
import type { GraphNodeDetail } from '../../src/protocol/model.js';

type Roles = NonNullable<GraphNodeDetail['roles']>;

const PARTS: Readonly<Record<Roles['partOf'][number], string>> = {
  embedding: 'the embedding',
  residual: 'the residual stream',
  attention: 'attention',
  mlp: 'an MLP block',
  normalisation: 'a normalisation',
  unembedding: 'the unembedding',
};

/** In a narrow column, names break between their parts. */
function breakable(name: string): (string | JSX.Element)[] {
  return name.split(/(?<=[._])/).flatMap((part, at) => (at === 0 ? [part] : [<wbr key={at} />, part]));
}

export function NodeRoles({ roles }: { roles: GraphNodeDetail['roles'] }): JSX.Element | null {
  if (roles === undefined) return null;
  const { partOf, points } = roles;
  return (
    <div class="tensors node-roles">
      <h3>Role</h3>
      {partOf.length > 0 && <p>Part of {partOf.map((part) => PARTS[part]).join(' and of ')}.</p>}
      {points.length > 0 && (
        <table class="table" aria-label="Roles of its values">
          <thead>
            <tr>
              <th>Role</th>
              <th>Where</th>
              <th>Hook names</th>
            </tr>
          </thead>
          <tbody>
            {points.map(({ value, role, place, hooks }) => (
              <tr key={`${value} ${place} ${role}`}>
                <td>{roleText(role)}</td>
                <td>{place}</td>
                <td>
                  {hooks.length === 0
                    ? '—'
                    : hooks.map((hook) => (
                        <div key={hook}>
                          <code>{breakable(hook)}</code>
                        </div>
                      ))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p class="note">Recognised by what is connected to what; names in the file play no part.</p>
    </div>
  );
}
