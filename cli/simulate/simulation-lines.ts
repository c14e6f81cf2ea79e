import { GATES } from '../../core/gates/gate-state.ts';
import type { GateChange } from '../../core/simulation/mesh-watch.ts';
import type { ServiceReport } from '../../core/simulation/simulation-report.ts';
import { formatNumber } from '../output/format-number.ts';
import { table } from '../output/table.ts';
import type { SimulationInput } from './read-simulation.ts';
import { type SimulatedMesh, STRIP_KEY } from './simulate-mesh.ts';

/** Changes of verdicts and of actions that are told, the first ones. */
const TOLD_MAX = 20;

/** What was simulated and what came of it, for people. */
export function simulationLines(input: SimulationInput, simulated: SimulatedMesh): string[] {
  const { config, scenario, seconds, seed, enforced } = input;
  const { report, timeline } = simulated;
  const { calls, goodputRps, refusedRatio, latencyP50Ms, latencyP99Ms } = report;
  return [
    `${config.mesh}: ${seconds} s ${enforced ? 'with' : 'without'} Capmesh, ${scenario.nodes} nodes, seed ${seed}`,
    `${formatNumber(calls.offered / seconds)} calls/s from outside: ${formatNumber(goodputRps)} good, ${percent(refusedRatio)} refused, p50 ${ms(latencyP50Ms)}, p99 ${ms(latencyP99Ms)} ms`,
    '',
    ...table(report.services, columns(seconds, timeline)),
    '',
    STRIP_KEY,
    `largest u: ${GATES.map((gate) => `${gate} ${formatNumber(report.gates[gate].worstRatio)}`).join(', ')}`,
    ...events(simulated),
  ];
}

const columns = (seconds: number, timeline: ReadonlyMap<string, string>) =>
  [
    { title: 'service', value: ({ service }: ServiceReport) => service },
    { title: 'offered/s', value: ({ offered }: ServiceReport) => formatNumber(offered / seconds), right: true },
    { title: 'retries/s', value: ({ retries }: ServiceReport) => formatNumber(retries / seconds), right: true },
    { title: 'good/s', value: ({ good }: ServiceReport) => formatNumber(good / seconds), right: true },
    {
      title: 'failed',
      value: (row: ServiceReport) => percent((row.failed + row.timeouts) / attempts(row)),
      right: true,
    },
    { title: 'refused', value: (row: ServiceReport) => percent(row.refused / attempts(row)), right: true },
    { title: 'p50 ms', value: ({ latencyP50Ms }: ServiceReport) => ms(latencyP50Ms), right: true },
    { title: 'p99 ms', value: ({ latencyP99Ms }: ServiceReport) => ms(latencyP99Ms), right: true },
    { title: 'gates over time', value: ({ service }: ServiceReport) => timeline.get(service) ?? '' },
  ] as const;

/** When a gate failed or passed again, and which actions began and ended. */
function events({ changes, actions }: SimulatedMesh): string[] {
  const told = [
    ...failuresAndRecoveries(changes).map(({ atSec, service, gate, status, worst }) => ({
      atSec,
      text: `${service} ${gate} ${status}${status === 'FAIL' && worst !== '' ? ` (${worst})` : ''}`,
    })),
    ...actions
      .filter(({ phase }) => phase !== 'changed')
      .map(({ atSec, kind, target, phase, endCause }) => ({ atSec, text: `${kind} ${target} ${phase} ${endCause}` })),
  ].sort((a, b) => a.atSec - b.atSec);
  const left = told.length - TOLD_MAX;
  return [
    ...(told.length > 0 ? [''] : []),
    ...told.slice(0, TOLD_MAX).map(({ atSec, text }) => `${atSec.toFixed(0).padStart(6)} s  ${text.trimEnd()}`),
    ...(left > 0 ? [`and ${left} more: --json has them all`] : []),
  ];
}

/** What became of a gate that did not fail before is not told. */
function failuresAndRecoveries(changes: readonly GateChange[]): GateChange[] {
  const failed = new Set<string>();
  return changes.filter(({ service, gate, status }) => {
    const key = `${service} ${gate}`;
    if (status !== 'FAIL') return failed.delete(key);
    failed.add(key);
    return true;
  });
}

const attempts = ({ offered, retries }: ServiceReport): number => Math.max(1, offered + retries);
const percent = (share: number): string => `${formatNumber(Number((100 * share).toPrecision(3)))} %`;
const ms = (value: number | null): string => (value === null ? '–' : formatNumber(Number(value.toPrecision(3))));
