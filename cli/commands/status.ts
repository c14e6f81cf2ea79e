import { Command } from 'commander';
import type {
  AdmissionShare,
  AdmissionStatus,
  EdgeStatus,
  NodeStatus,
  ReplicaStatus,
  Rollout,
  ServiceStatus,
  Status,
} from '../../proto/gen/capmesh/v1/admin_service.ts';
import { type CliContext, invocation } from '../context.ts';
import { withAdmin } from '../grpc-connection.ts';
import { controlLines } from '../output/control-lines.ts';
import { actionLine } from '../output/event-line.ts';
import { formatNumber } from '../output/format-number.ts';
import { gateWord, statusWord } from '../output/gate-word.ts';
import { type Column, table } from '../output/table.ts';
import { toJson } from '../output/to-json.ts';

export function statusCommand(context: CliContext): Command {
  return new Command('status')
    .description('nodes, services and edges as the control plane sees them')
    .action(async (_options, command: Command) => {
      const call = invocation(context, command);
      const status = await withAdmin(call, (admin) => admin.call(admin.client.getStatus, {}));
      await call.print(
        () => toJson('capmesh.v1.Status', status),
        () => statusLines(status),
      );
    });
}

export function statusLines(status: Status): string[] {
  return [
    `mesh ${status.mesh}: ${status.stability}`,
    ...replicaLines(status.replicas),
    ...controlLines(status.control),
    ...(status.lastEdit === undefined ? ['no configuration yet'] : rolloutLines(status.lastEdit)),
    ...section(status.nodes, NODE_COLUMNS),
    ...section(status.services, SERVICE_COLUMNS),
    ...section(status.edges, EDGE_COLUMNS),
    ...admissionLines(status.admission),
    ...(status.actions.length === 0 ? [] : ['', ...status.actions.map(actionLine)]),
  ];
}

/** How well admission predicted; nothing while nothing is known. */
function admissionLines(admission: AdmissionStatus | undefined): string[] {
  if (admission === undefined) return [];
  const { clean, falsified, missed, pending, precision, recall, margin } = admission;
  if (clean + falsified + missed + pending === 0) return [];
  const share = (name: string, { value, status }: AdmissionShare = { status: 0 }): string =>
    `${name} ${formatNumber(value)} ${statusWord(status)}`;
  return [
    '',
    `admissions: ${clean} turned out well, ${falsified} badly, ${missed} refused needlessly, ${pending} not judged yet; ` +
      `${share('precision', precision)}, ${share('recall', recall)}, margin ${formatNumber(margin)}`,
  ];
}

/** Who leads, where there is a choice. */
function replicaLines(replicas: readonly ReplicaStatus[]): string[] {
  if (replicas.length < 2) return [];
  const leader = replicas.find(({ leads }) => leads);
  const leads = leader === undefined ? 'nobody leads' : `${leader.replica} leads (epoch ${leader.epoch})`;
  return [`${replicas.length} control planes: ${leads}`];
}

/** How far an edit has reached, for example `applied 1/1 nodes, p99 4 ms`. */
export function rolloutLines(rollout: Rollout): string[] {
  const { nodesApplied, nodesTotal, p99Ms } = rollout;
  const timing = nodesApplied === 0 ? '' : `, p99 ${formatNumber(Math.ceil(p99Ms))} ms`;
  return [
    `applied ${nodesApplied}/${nodesTotal} nodes${timing}`,
    ...rollout.nacks.map(({ node, resource, message }) => `refused by ${node}: ${resource}: ${message}`),
  ];
}

function section<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string[] {
  return rows.length === 0 ? [] : ['', ...table(rows, columns)];
}

/** The control plane's word for a node that never sent a frame. */
const NEVER_MS = 2 ** 32 - 1;

const frameAge = (ms: number): string => (ms >= NEVER_MS ? 'never' : `${formatNumber(ms / 1000)} s ago`);

const NODE_COLUMNS: readonly Column<NodeStatus>[] = [
  { title: 'NODE', value: (row) => row.node },
  { title: 'ENVOY', value: (row) => (row.connected ? 'connected' : 'away') },
  { title: 'CONFIG', value: (row) => (row.upToDate ? 'up to date' : 'behind') },
  { title: 'LAST FRAME', value: (row) => frameAge(row.frameAgeMs), right: true },
  { title: 'LEASE', value: (row) => String(row.leaseSeq), right: true },
];

const SERVICE_COLUMNS: readonly Column<ServiceStatus>[] = [
  { title: 'SERVICE', value: (row) => row.service },
  { title: 'FIT', value: (row) => gateWord(row.gates?.fit) },
  { title: 'GLUING', value: (row) => gateWord(row.gates?.gluing) },
  { title: 'UV', value: (row) => gateWord(row.gates?.uv) },
  { title: 'ISOLATION', value: (row) => gateWord(row.gates?.isolation) },
  { title: 'GOODPUT/s', value: (row) => formatNumber(row.goodputRps), right: true },
  { title: 'CAPACITY/s', value: (row) => formatNumber(row.capacityRps), right: true },
  { title: 'IN FLIGHT', value: (row) => formatNumber(row.inFlight), right: true },
  { title: 'LIMIT', value: (row) => formatNumber(row.concurrencyLimit), right: true },
  { title: 'MODE', value: (row) => row.controllerMode },
];

const EDGE_COLUMNS: readonly Column<EdgeStatus>[] = [
  { title: 'EDGE', value: (row) => `${row.workload}/${row.service}` },
  { title: 'GUARANTEE/s', value: (row) => formatNumber(row.guaranteeRps), right: true },
  { title: 'LIMIT/s', value: (row) => formatNumber(row.limitRps), right: true },
  { title: 'PARALLEL', value: (row) => String(row.maxRequests), right: true },
  { title: 'OFFERED/s', value: (row) => formatNumber(row.offeredRps), right: true },
  { title: 'ADMITTED/s', value: (row) => formatNumber(row.admittedRps), right: true },
  { title: 'P50 ms', value: (row) => formatNumber(row.latencyP50Ms), right: true },
  { title: 'P99 ms', value: (row) => formatNumber(row.latencyP99Ms), right: true },
  { title: 'REFUSED/s', value: (row) => refusals(row.refusedRps) },
];

function refusals(refusedRps: Readonly<Record<string, number>>): string {
  const reasons = Object.entries(refusedRps).filter(([, rps]) => rps > 0);
  return reasons.length === 0 ? '–' : reasons.map(([reason, rps]) => `${reason} ${formatNumber(rps)}`).join(', ');
}
