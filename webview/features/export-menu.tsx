/** Features that are shown, for other tools. */
import type { JSX } from 'preact';
import { FEATURE_FORMATS } from '../../src/protocol/feature-lists.js';
import { MenuItem } from '../controls/menu-item.js';
import { Popover } from '../controls/popover.js';
import { formatCount } from '../format/numbers.js';
import { exportFeatures } from '../state/feature-lists.js';

interface ExportMenuProps {
  /** Numbers of those that are shown. */
  readonly features: () => readonly number[];
  readonly count: number;
  readonly total: number;
  readonly disabled: boolean;
}

export function ExportMenu({ features, count, total, disabled }: ExportMenuProps): JSX.Element | null {
  if (disabled || count === 0) return null;
  const which = count < total ? `the ${formatCount(count)} features shown` : `all ${formatCount(total)} features`;
  return (
    <Popover button="Export…" label={`Export ${which} for other tools`} kind="menu">
      {(close) => (
        <>
          <div class="menu-title muted">{which.replace(/^./, (first) => first.toUpperCase())} as</div>
          {FEATURE_FORMATS.map(({ format, label, title }) => (
            <MenuItem
              key={format}
              label={label}
              title={title}
              onChoose={() => {
                close();
                void exportFeatures({ format, ...(count < total ? { features: features() } : {}) });
              }}
            />
          ))}
        </>
      )}
    </Popover>
  );
}
