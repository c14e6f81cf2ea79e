import { gateWord, verdicts } from '../cli/output/gate-word.ts';
import { table } from '../cli/output/table.ts';
import type { Status } from '../proto/gen/capmesh/v1/admin_service.ts';
import { sumOf } from './traffic/answer-counts.ts';

/** What the traffic source does at the moment. */
export interface TrafficNow {
  readonly phase: string;
  readonly offeredRps: number;
  readonly okRps: number;
}

/** The mesh at one moment: edges, gates and actions, as lines for a terminal. */
export function statusLines(status: Status, elapsedSeconds: number, traffic: TrafficNow | null): string[] {
  const doing = traffic
    ? `${traffic.phase}: ${traffic.offeredRps} calls/s offered, ${traffic.okRps}/s served`
    : 'traffic starts';
  const rate = (value: number): string => value.toFixed(0);
  return [
    `${elapsedSeconds.toFixed(0).padStart(4)} s  ${doing}  –  mesh ${status.stability || 'unknown'}`,
    ...table(status.edges, [
      { title: 'edge', value: (edge) => `${edge.workload} → ${edge.service}` },
      { title: 'offered/s', right: true, value: (edge) => rate(edge.offeredRps) },
      { title: 'admitted/s', right: true, value: (edge) => rate(edge.admittedRps) },
      { title: 'refused/s', right: true, value: (edge) => rate(sumOf(edge.refusedRps)) },
      { title: 'goodput/s', right: true, value: (edge) => rate(edge.goodputRps) },
      { title: 'p99 ms', right: true, value: (edge) => edge.latencyP99Ms?.toFixed(0) ?? '-' },
      { title: 'in flight max', right: true, value: (edge) => String(edge.maxRequests) },
    ]),
    ...status.services.map(({ service, gates }) => {
      const words = verdicts(gates).map(([name, verdict]) => `${name} ${gateWord(verdict)}`);
      return `gates ${service}: ${words.join('  ')}`;
    }),
    ...status.actions.map(
      (action) => `action ${action.kind} on ${action.target} (${action.gate}), size ${action.size}`,
    ),
  ];
}
