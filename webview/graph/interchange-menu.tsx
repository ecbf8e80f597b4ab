/** Saves the colouring for other tools. */
import type { JSX } from 'preact';
import type { InterchangeFormat } from '../../src/protocol/graph-questions.js';
import { MenuItem } from '../controls/menu-item.js';
import { Popover } from '../controls/popover.js';
import { fileName } from '../format/words.js';
import { host } from '../state/channel.js';
import { save, textBytes } from '../state/exports.js';
import { openedModel } from '../state/session.js';
import { theme } from '../theme/theme.js';
import type { Coloring } from './coloring.js';

const FORMATS: readonly { readonly format: InterchangeFormat; readonly label: string; readonly title: string }[] = [
  {
    format: 'netron',
    label: 'Netron attachment (.json)',
    title: 'Drop the file onto the same model in Netron: the numbers stand in the properties of each node.',
  },
  {
    format: 'model-explorer',
    label: 'Model Explorer node data (.json)',
    title: 'Load the file as node data of the same model in Model Explorer: it colours the nodes.',
  },
];

export function InterchangeMenu({ coloring }: { coloring: Coloring }): JSX.Element {
  const { id, label } = coloring.quantity;
  const saveAs = (format: InterchangeFormat): void => {
    const model = openedModel.peek()?.overview.fileName ?? 'model';
    void save({
      suggestedName: fileName(`${model}-${label}-${format}`, 'json'),
      make: async () => textBytes(await host.interchange({ format, metric: id, dark: theme.peek().dark })),
    });
  };
  return (
    <Popover button="JSON" label={`Save “${label}” for other tools`} kind="menu">
      {(close) =>
        FORMATS.map(({ format, label: text, title }) => (
          <MenuItem
            key={format}
            label={text}
            title={title}
            onChoose={() => {
              close();
              saveAs(format);
            }}
          />
        ))
      }
    </Popover>
  );
}
