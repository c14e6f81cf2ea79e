import type { ActionControl } from '../../proto/gen/capmesh/v1/admin_service.ts';
import { timeOf } from './time-of.ts';

/** What operators have ordered; nothing where actions run as they may. */
export function controlLines(control: ActionControl | undefined): string[] {
  const lines: string[] = [];
  if (control?.safeMode) lines.push('safe mode is on: no actions, budgets stay in force');
  if (control?.pausedUntil !== undefined) lines.push(`new actions are paused until ${timeOf(control.pausedUntil)}`);
  return lines;
}
