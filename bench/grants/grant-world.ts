import { join } from 'node:path';
import { ChannelCredentials } from '@grpc/grpc-js';
import { LEDGER_BUCKET, openStore, streamOf } from '../../control-plane/state/open-store.ts';
import { parseMeshFile } from '../../platform/mesh-file.ts';
import { meshToMessage } from '../../platform/mesh-message.ts';
import { AdminClient, ApplyRequest } from '../../proto/gen/capmesh/v1/admin_service.ts';
import {
  CapacityService,
  ReleaseCapacityRequest,
  RequestCapacityRequest,
  type RequestCapacityResponse,
} from '../../proto/gen/capmesh/v1/capacity_service.ts';
import { grpcCall } from '../../tests/support/api-fixture.ts';
import { LeaderWritesSeen } from '../../tests/support/leader-writes-seen.ts';
import { type NatsFixture, startNats } from '../../tests/support/nats-fixture.ts';
import { PlaneProcess } from '../../tests/support/plane-process.ts';
import { UnaryClient } from '../../tests/support/unary-client.ts';
import { waitFor } from '../../tests/support/wait-for.ts';
import { LedgerAudit } from './ledger-audit.ts';
import type { GrantDoor, Shares } from './requesters.ts';

/** A try that takes longer is given up. */
const PATIENCE_MS = 1500;

/** One replica with its doors; the process itself is `plane.child`. */
export class PlaneDoor implements GrantDoor {
  readonly plane: PlaneProcess;
  readonly #capacity: UnaryClient;
  readonly #admin: AdminClient;
  readonly #restUrl: string;
  readonly #secrets: ReadonlyMap<string, string>;

  private constructor(
    plane: PlaneProcess,
    { grpcPort, restPort }: Awaited<PlaneProcess['opened']>,
    secrets: ReadonlyMap<string, string>,
  ) {
    this.plane = plane;
    this.#capacity = new UnaryClient(`http://127.0.0.1:${grpcPort}`);
    this.#admin = new AdminClient(`127.0.0.1:${grpcPort}`, ChannelCredentials.createInsecure());
    this.#restUrl = `http://127.0.0.1:${restPort}`;
    this.#secrets = secrets;
  }

  static async open(plane: PlaneProcess, secrets: ReadonlyMap<string, string>): Promise<PlaneDoor> {
    return new PlaneDoor(plane, await plane.opened, secrets);
  }

  request(workloadId: string, capacityVector: Shares, seconds: number): Promise<RequestCapacityResponse> {
    const request = { workloadId, capacityVector, duration: { seconds, nanos: 0 } };
    const message = RequestCapacityRequest.fromPartial(request);
    return this.#capacity.call(CapacityService.requestCapacity, message, this.#bearer(workloadId), PATIENCE_MS);
  }

  release(workloadId: string, grantId: string): Promise<unknown> {
    const message = ReleaseCapacityRequest.fromPartial({ workloadId, grantId });
    return this.#capacity.call(CapacityService.releaseCapacity, message, this.#bearer(workloadId), PATIENCE_MS);
  }

  /** Applies a mesh of one service and enrols its workloads. */
  async prepare(workloads: readonly string[], secrets: Map<string, string>): Promise<void> {
    const parsed = parseMeshFile(
      JSON.stringify({
        mesh: 'shop',
        services: { payment: { endpoints: ['127.0.0.1:9101'] } },
        workloads: Object.fromEntries(workloads.map((name) => [name, {}])),
        budgets: Object.fromEntries(workloads.map((name) => [name, { payment: { int: 0.5, ptr: 0.5 } }])),
      }),
    );
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    const mesh = meshToMessage(parsed.value);
    const { applied, problems } = await grpcCall(this.#admin, this.#admin.apply, ApplyRequest.fromPartial({ mesh }));
    if (!applied) throw new Error(JSON.stringify(problems));
    for (const workload of workloads) {
      secrets.set(workload, (await grpcCall(this.#admin, this.#admin.enrol, { workload })).secret);
    }
  }

  async standing(): Promise<{ readonly role: string; readonly epoch: number }> {
    const answer = await fetch(`${this.#restUrl}/readyz`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return (await answer.json()) as { role: string; epoch: number };
  }

  /** Whether it has heard of no kernel lately, so that it can judge no gate. */
  async isBlind(): Promise<boolean> {
    const { services } = await grpcCall(this.#admin, this.#admin.getStatus, {});
    return services.some(({ gates }) => gates?.fit?.reason === 'stale');
  }

  /** A counter or gauge without labels. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.#restUrl}/metrics`)).text();
    return Number(new RegExp(`^${name} (.+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
  }

  async close(): Promise<void> {
    this.#capacity.close();
    this.#admin.close();
    this.plane.child.kill('SIGCONT');
    await this.plane.end('SIGTERM');
  }

  #bearer(workload: string): string {
    return `Bearer ${this.#secrets.get(workload) ?? ''}`;
  }
}

/** A real store that keeps every revision of the ledger, and real replicas. */
export interface GrantWorld {
  readonly doors: PlaneDoor[];
  readonly audit: LedgerAudit;
  readonly leaders: LeaderWritesSeen;
  /** The one of these that leads in a term after `epoch`, once it has written and all of them know it and what its kernel knows. */
  leader(
    among: readonly PlaneDoor[],
    afterEpoch: number,
  ): Promise<{ readonly door: PlaneDoor; readonly epoch: number }>;
  /** Settles when the audit has come to the end of the ledger, and every write of a leader is known. */
  audited(): Promise<void>;
  stop(): Promise<void>;
}

export async function startGrantWorld(
  replicas: number,
  workloads: readonly string[],
  syncInterval: string,
): Promise<GrantWorld> {
  const nats: NatsFixture = await startNats('shop', [], syncInterval);
  const connection = await nats.connect('control-plane');
  const { jetstream, manager } = await openStore(connection);
  await manager.streams.update(streamOf(LEDGER_BUCKET), { max_msgs_per_subject: -1 });
  const audit = new LedgerAudit();
  const secrets = new Map<string, string>();
  const start = (index: number): Promise<PlaneDoor> =>
    PlaneDoor.open(new PlaneProcess(nats, join(nats.folder, `replica-${index}`)), secrets);
  const leaders = await LeaderWritesSeen.open(jetstream);
  const first = await start(0);
  const doors = [first, ...(await Promise.all(Array.from({ length: replicas - 1 }, (_, index) => start(index + 1))))];
  await first.prepare(workloads, secrets);
  return {
    doors,
    audit,
    leaders,
    leader: (among, afterEpoch) =>
      waitFor('a leader', async () => {
        const standings = await Promise.all(among.map((door) => door.standing()));
        const epoch = standings[0]?.epoch ?? 0;
        const agree = epoch > afterEpoch && standings.every((standing) => standing.epoch === epoch);
        const door = among.find((_, index) => standings[index]?.role === 'leader');
        if (!agree || door === undefined || !leaders.writers().has(epoch)) return false;
        const blind = await Promise.all(among.map((each) => each.isBlind()));
        return !blind.includes(true) && { door, epoch };
      }),
    audited: async () => {
      await audit.read(jetstream);
      await leaders.readEvents();
    },
    stop: async () => {
      leaders.stop();
      await Promise.all(doors.map((door) => door.close()));
      await connection.close();
      await nats.stop();
    },
  };
}
