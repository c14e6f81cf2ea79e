import type { NatsConnection } from '@nats-io/transport-node';
import type { AdmissionRecord } from '../../core/admission/admission-ledger.ts';
import type { MeshConfig } from '../../core/mesh/mesh-config.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { RefusalAnswer, RefusalQuery } from '../../proto/gen/capmesh/v1/refusal.ts';
import type { Leadership, LeadershipState } from '../leader/leadership.ts';
import { LedgerQuorum } from '../leader/ledger-quorum.ts';
import { MeshReports, type MeshReportsOptions } from '../leader/mesh-reports.ts';
import { PublishedEvents } from '../leader/published-events.ts';
import { Replicas } from '../leader/replicas.ts';
import { type ControlPlaneMetrics, createControlPlaneMetrics } from '../metrics/control-plane-metrics.ts';
import { type ControlPlaneStore, openControlPlaneStore } from '../state/control-plane-store.ts';
import { maxPayload } from '../state/max-payload.ts';
import { askSidecars } from '../telemetry/ask-sidecars.ts';
import { XdsServer } from '../xds/xds-server.ts';
import { EditEvents } from './edit-events.ts';
import { tellOrders } from './follow-orders.ts';
import type { KernelLoop } from './kernel-loop.ts';
import { MeshLeader } from './lead-mesh.ts';
import { OrderEvents } from './order-events.ts';
import { PlanServer } from './plan-server.ts';

export interface ReplicaOptions {
  readonly mesh: string;
  /** Holds the signing key of this replica, and with it its name. */
  readonly stateDir: string;
  readonly recordFolder?: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** One replica at work: it serves what is stored, and while it leads it decides what that is. */
export interface Replica {
  readonly store: ControlPlaneStore;
  readonly xds: XdsServer;
  readonly replicas: Replicas;
  readonly metrics: ControlPlaneMetrics;
  /** `null` while this replica does not lead. */
  kernel(): KernelLoop | null;
  /** What the mesh's kernel knows: this replica's own, else as the leader reports it. */
  known(): KernelLoop | MeshReports;
  /** A grant was admitted or refused here; the leader's kernel judges what comes of it. */
  note(record: AdmissionRecord): void;
  leadership(): LeadershipState;
  /** Waits until enough replicas have what was written into an account. */
  readonly quorum: Pick<LedgerQuorum, 'agreed'>;
  /** Asks the sidecars of all nodes about refusals that they remember. */
  askRefusals(query: RefusalQuery): Promise<RefusalAnswer[]>;
}

/** Starts a replica; `closing` takes how each part is ended, in the order in which they were started. */
export async function startReplica(
  { mesh, stateDir, recordFolder, clock, logger }: ReplicaOptions,
  connection: NatsConnection,
  closing: (() => unknown)[],
): Promise<Replica> {
  const store = await openControlPlaneStore(connection, { mesh, stateDir, clock, logger });
  closing.push(() => store.stop());
  let election: Leadership | null = null;
  const leadership = (): LeadershipState => stateOf(election);
  const xds: XdsServer = new XdsServer({
    clock,
    logger,
    onNack: () => metrics.countNack(),
    onApplied: (behindMs) => {
      metrics.observeApplied(behindMs);
      replicas.changed();
    },
  });
  const replicas = new Replicas({
    connection,
    mesh,
    bytesMax: maxPayload(connection),
    clock,
    logger,
    own: () => ({
      ...store.self,
      epoch: election?.epoch ?? null,
      nodes: xds.nodes(),
      rollout: xds.rollout(store.config.view.revision),
    }),
  });
  closing.push(() => replicas.stop());
  const quorum = openQuorum(connection, mesh, { store, replicas, logger }, closing);
  const kernel = (): KernelLoop | null => leader.running?.kernel ?? null;
  const reports = openReports(connection, mesh, { store, judge: kernel, clock, logger }, closing);
  const published = openPublished(connection, mesh, { store, logger }, closing);
  const leader: MeshLeader = new MeshLeader(
    {
      mesh,
      connection,
      store,
      rollout: () => replicas.nodes(),
      clock,
      logger,
      reports,
      isHeard: () => replicas.others().length > 0,
      onTick: (tick) => metrics.observeTick(tick),
      onPlan: () => metrics.countPlan(),
      onPublished: (workload, number) => published.tell(workload, number),
      recordFolder,
    },
    (term) => store.writesOf(term, () => election?.lookAgain()),
  );
  const metrics = metricsOf(store, leader, leadership, replicas, xds);
  const plans = new PlanServer(xds, logger);
  const unsubscribe = store.plans.subscribe((stored) => {
    plans.take(stored);
    replicas.changed();
  });
  closing.push(unsubscribe);
  tellEdits(store, clock, logger, closing);
  election = await store.joinElection((term) => {
    leader.change(term);
    replicas.changed();
  });
  closing.push(() => election?.stop());
  closing.push(() => leader.stop());
  await leader.settled();
  const note = (record: AdmissionRecord): void => {
    const own = kernel();
    if (own === null) reports.tellAdmission(record);
    else own.noteAdmission(record);
  };
  const known = (): KernelLoop | MeshReports => kernel() ?? reports;
  // A sidecar without an Envoy judges operations, and tells of itself in frames alone.
  const nodes = (): Set<string> => new Set([...replicas.nodes(), ...known().view().nodes].map(({ node }) => node));
  const askRefusals = askSidecars(connection, mesh, () => [...nodes()]);
  return { store, xds, replicas, metrics, leadership, kernel, known, note, quorum, askRefusals };
}

const stateOf = (election: Leadership | null): LeadershipState => ({
  role: election?.epoch == null ? 'follower' : 'leader',
  epoch: election?.leader?.epoch ?? 0,
  leader: election?.leader?.replica ?? '',
});

function openReports(
  connection: NatsConnection,
  mesh: string,
  {
    store,
    ...rest
  }: Pick<Replica, 'store'> & Pick<MeshReportsOptions, 'judge'> & Pick<ReplicaOptions, 'clock' | 'logger'>,
  closing: (() => unknown)[],
): MeshReports {
  const config = (): MeshConfig => store.config.view.config;
  const reports = new MeshReports({ ...rest, connection, mesh, bytesMax: maxPayload(connection), config });
  closing.push(() => reports.stop());
  return reports;
}

function openPublished(
  connection: NatsConnection,
  mesh: string,
  { store, logger }: Pick<Replica, 'store'> & Pick<ReplicaOptions, 'logger'>,
  closing: (() => unknown)[],
): PublishedEvents {
  const onPublished = (workload: string, number: number): void => store.ledger.markPublished(workload, number);
  const published = new PublishedEvents({ connection, mesh, onPublished, logger });
  closing.push(() => published.stop());
  return published;
}

/** Closed before the replica says that it leaves. */
function openQuorum(
  connection: NatsConnection,
  mesh: string,
  { store, replicas, logger }: Pick<Replica, 'store' | 'replicas'> & Pick<ReplicaOptions, 'logger'>,
  closing: (() => unknown)[],
): LedgerQuorum {
  const members = (): number => replicas.memberCount();
  const quorum = new LedgerQuorum({ connection, mesh, self: store.self, ledger: store.ledger, members, logger });
  closing.push(() => quorum.stop());
  return quorum;
}

const metricsOf = (
  store: ControlPlaneStore,
  leader: MeshLeader,
  leadership: () => LeadershipState,
  replicas: Replicas,
  xds: XdsServer,
): ControlPlaneMetrics =>
  createControlPlaneMetrics({
    view: () => leader.running?.kernel.view() ?? null,
    leadership,
    replicas: () => replicas.all().length,
    casConflicts: () => store.ledger.conflicts,
    droppedFrames: () => leader.running?.droppedFrames() ?? 0,
    droppedEffects: () => leader.running?.droppedEffects() ?? 0,
    nodes: () => xds.nodes(),
  });

/** Every replica tells of edits and orders: whichever is first, the stream has them once. */
function tellEdits(store: ControlPlaneStore, clock: Clock, logger: Logger, closing: (() => unknown)[]): void {
  const edits = new EditEvents({
    series: store.events.edits(),
    edits: (afterRevision, signal) => store.config.edits(afterRevision, signal),
    logger,
  });
  closing.push(() => edits.stop());
  const orders = new OrderEvents(store.events, clock, logger);
  const end = tellOrders(store.orders, orders);
  closing.push(async () => {
    end();
    await Promise.race([orders.drained(), new Promise((resolve) => setTimeout(resolve, DRAIN_MS).unref())]);
    orders.stop();
  });
}

const DRAIN_MS = 2000;
