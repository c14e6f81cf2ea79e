import { failingLetters } from '../../core/sweep/point-result.ts';
import type { SweptPoint } from '../../core/sweep/sweep-plane.ts';
import { formatNumber } from '../output/format-number.ts';
import type { MeshSweep } from './read-sweep.ts';

export const sweepTitle = ({ task }: MeshSweep): string =>
  `${task.config.mesh}: which budgets keep all four gates open`;

/** What was swept under which load, and how much of it is stable. */
export function sweepNotes({ task, mode }: MeshSweep, points: readonly SweptPoint[]): string[] {
  const { config, edges, scenario, settings } = task;
  const swept = edges.size === config.budgets.size ? 'all budgets, alike' : [...edges].map(arrow).join(', ');
  const load = scenario.load.map(({ workload, service, rps }) => `${workload} → ${service} ${formatNumber(rps)}/s`);
  const stable = points.filter(({ result }) => result.stable).length;
  const unknown = points.filter(({ result }) => !result.stable && failingLetters(result) === '').length;
  return [
    `swept: ${swept}${mode === 'paired' ? ', axes together' : ''}`,
    `load: ${load.join(', ')}; ${scenario.nodes} nodes; judged for ${settings.judgeSec} s; seed ${settings.seed}`,
    `${stable} of ${points.length} points are stable${unknown === 0 ? '' : `, ${unknown} not known: too few calls, or looked at for too short (--judge)`}`,
  ];
}

const arrow = (edge: string): string => edge.replace('/', ' → ');
