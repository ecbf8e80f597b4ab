import { existsSync, readFileSync } from 'node:fs';

const MEGABYTE = 1e6;
const STATUS = '/proc/self/status';

/**
 * Most memory that this process held so far. Linux hands a process the largest figure of the one that started it on, in
 * `maxRSS`, but not in the kernel's own line (proc(5), VmHWM): a part that takes less than the bench would show the bench.
 */
export function peakMegabytes(): number {
  const kilobytes = existsSync(STATUS) ? /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(STATUS, 'utf8'))?.[1] : undefined;
  return (Number(kilobytes ?? process.resourceUsage().maxRSS) * 1024) / MEGABYTE;
}
