import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { ChannelCredentials, Metadata } from '@grpc/grpc-js';
import { PlaneDoor } from '../../bench/grants/grant-world.ts';
import type { GrantDoor, Shares } from '../../bench/grants/requesters.ts';
import { AdminClient, SetBudgetRequest, WatchEventsRequest } from '../../proto/gen/capmesh/v1/admin_service.ts';
import type { ReleaseCapacityResponse, RequestCapacityResponse } from '../../proto/gen/capmesh/v1/capacity_service.ts';
import { ADMIN_TOKEN, grpcCall } from './api-fixture.ts';
import { type NatsFixture, startNats } from './nats-fixture.ts';
import { type PlanePorts, PlaneProcess } from './plane-process.ts';
import type { OpenEvents, ToldEvent } from './resuming-reader.ts';

/** An answer that somebody got: what the event stream has to tell. */
export interface Answered {
  readonly workload: string;
  readonly grantId: string;
}

/** One control plane and one store, each a process that can be killed, under requesters and an operator. */
export class EventWorld implements GrantDoor {
  readonly nats: NatsFixture;
  readonly granted: Answered[] = [];
  readonly released: Answered[] = [];
  /** Revisions of edits that were answered. */
  readonly edited: number[] = [];
  readonly #secrets = new Map<string, string>();
  #plane: PlaneProcess;
  #ports!: PlanePorts;
  #door!: PlaneDoor;
  #admin!: AdminClient;
  #open: Promise<void>;

  private constructor(nats: NatsFixture) {
    this.nats = nats;
    this.#plane = this.#newPlane();
    this.#open = this.#connect();
  }

  static async start(workloads: readonly string[]): Promise<EventWorld> {
    const world = new EventWorld(await startNats('shop', []));
    await world.#open;
    await world.#door.prepare(workloads, world.#secrets);
    return world;
  }

  get ports(): PlanePorts {
    return this.#ports;
  }

  get planePid(): number {
    return this.#plane.child.pid ?? 0;
  }

  /** Ticks of the control plane since its start. */
  ticks(): Promise<number> {
    return this.#door.metric('capmesh_tick_duration_seconds_count');
  }

  /** Answers that the event stream has to tell. */
  get answers(): number {
    return this.granted.length + this.released.length;
  }

  /** Waits for a control plane first: one that is dead is asked nothing. */
  async request(workload: string, shares: Shares, seconds: number): Promise<RequestCapacityResponse> {
    await this.#open;
    const answer = await this.#door.request(workload, shares, seconds);
    if (answer.admitted) this.granted.push({ workload, grantId: answer.grantId });
    return answer;
  }

  async release(workload: string, grantId: string): Promise<void> {
    await this.#open;
    const { released } = (await this.#door.release(workload, grantId)) as ReleaseCapacityResponse;
    if (released) this.released.push({ workload, grantId });
  }

  /** Sets the budget of a workload. */
  async edit(workload: string, cInt: number): Promise<void> {
    await this.#open;
    const budget = { workload, service: 'payment', vector: { cInt, cPtr: 0.5 } };
    const answer = await grpcCall(this.#admin, this.#admin.setBudget, SetBudgetRequest.fromPartial({ budget }));
    if (answer.applied && answer.budget !== undefined) this.edited.push(answer.budget.revision);
  }

  /** SIGKILL, and a successor with the same state folder. */
  async killPlane(): Promise<void> {
    this.#open = this.#restart();
    await this.#open;
  }

  /** SIGKILL, and a successor on the same store folder. */
  async killStore(): Promise<void> {
    await this.nats.restart();
  }

  /** The gRPC stream, of one workload where it is named. */
  overGrpc(workload = ''): OpenEvents {
    return async function* (this: EventWorld, afterSequence: number, signal: AbortSignal) {
      await this.#open;
      const metadata = new Metadata();
      metadata.set('authorization', `Bearer ${ADMIN_TOKEN}`);
      const request = { afterSequence, fromStart: afterSequence === 0, workload };
      const stream = this.#admin.watchEvents(WatchEventsRequest.fromPartial(request), metadata);
      signal.addEventListener('abort', () => stream.cancel(), { once: true });
      yield* stream as AsyncIterable<ToldEvent>;
    }.bind(this);
  }

  /** Server-sent events. */
  overSse(): OpenEvents {
    return async function* (this: EventWorld, afterSequence: number, signal: AbortSignal) {
      await this.#open;
      const headers = {
        authorization: `Bearer ${ADMIN_TOKEN}`,
        ...(afterSequence === 0 ? {} : { 'last-event-id': `${afterSequence}` }),
      };
      const answer = await fetch(`http://127.0.0.1:${this.#ports.restPort}/v1/events?fromStart`, { headers, signal });
      if (answer.body === null) return;
      for await (const line of createInterface({ input: Readable.fromWeb(answer.body) })) {
        if (line.startsWith('data: {"workloadId"')) yield JSON.parse(line.slice('data: '.length)) as ToldEvent;
      }
    }.bind(this);
  }

  async stop(): Promise<void> {
    this.#admin.close();
    await this.#door.close();
    await this.nats.stop();
  }

  #newPlane(): PlaneProcess {
    return new PlaneProcess(this.nats, join(this.nats.folder, 'control-plane'));
  }

  async #restart(): Promise<void> {
    await this.#plane.end('SIGKILL');
    this.#admin.close();
    await this.#door.close();
    this.#plane = this.#newPlane();
    await this.#connect();
  }

  async #connect(): Promise<void> {
    this.#ports = await this.#plane.opened;
    this.#door = await PlaneDoor.open(this.#plane, this.#secrets);
    this.#admin = new AdminClient(`127.0.0.1:${this.#ports.grpcPort}`, ChannelCredentials.createInsecure());
  }
}
