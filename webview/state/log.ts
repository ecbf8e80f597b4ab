import { CancelledError } from '../../src/core/errors.js';
import { host } from './channel.js';

/** Writes to the extension's log. The log is the last resort: when it fails too, there is nobody left to tell. */
export function logDefect(error: unknown): void {
  if (error instanceof CancelledError) return;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  host.log({ level: 'error', text: `page: ${text}` }).catch(() => undefined);
}
