import { UNVERIFIED_WORKLOAD } from '../substrate/edge-stats.ts';
import { renewOverlay } from './edge-overlay.ts';
import { createEdgeRecord, type EdgeRecord, leaseEdge, operationsOf } from './edge-record.ts';
import {
  createLoadCounts,
  freeTimedOut,
  type LoadCost,
  type LoadEstimate,
  overAdmissionMax,
  settleLoad,
} from './load-limit.ts';
import type { LeasedEdge, NodeLease } from './node-lease.ts';
import { createOperationEnds, endOperation, type OpenOperations, timeOutOperations } from './open-operations.ts';

/** Edges that are kept, leased and unleased together. */
export const EDGES_MAX = 20_000;
/** Services that calls without identity are counted for. */
export const UNVERIFIED_MAX = 1000;
const PRIO_DEFAULT = 5;
const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** By how much what is open may exceed what the edges may hold, at most. */
export interface OverAdmission extends LoadEstimate {
  /** Operations beside the calls that a proxy holds to the same breaker. */
  readonly operations: number;
}

export interface AnonymousIdentity {
  readonly workload: string;
  readonly prio: number;
}

/**
 * Every edge of this node: limits from the newest lease, counters since the
 * start. An edge that leaves the lease keeps its counters, as they are
 * cumulative; nobody may call it any more.
 */
export class EdgeLedger {
  /** What became of the reservations for load estimates, of all edges. */
  readonly loadCounts = createLoadCounts();
  /** What became of the operations that passed no proxy, of all edges. */
  readonly operationEnds = createOperationEnds();
  readonly #byService = new Map<string, Map<string, EdgeRecord>>();
  readonly #unverified = new Map<string, EdgeRecord>();
  readonly #overflow: EdgeRecord;
  #anonymous = new Map<string, AnonymousIdentity>();
  #leased = new Set<EdgeRecord>();
  #leasedServices = new Set<string>();
  #size = 0;
  #leaseSeq = 0;
  #leaseEpoch = 0;

  constructor(nowMs: number) {
    this.#overflow = createEdgeRecord(UNVERIFIED_WORKLOAD, '', nowMs);
  }

  /** Sequence number of the lease in force; 0 before the first. */
  get leaseSeq(): number {
    return this.#leaseSeq;
  }

  /** Calls that were answered but could be counted on no edge, because the bound on edges was reached. */
  get uncounted(): number {
    return this.#overflow.offered;
  }

  /**
   * Puts a lease in force; it replaces the one before as a whole. The same lease
   * said again renews its slices, but not its actions: those need a new decision.
   *
   * @param writtenMs monotonic time at which it was written
   */
  applyLease(lease: NodeLease, nowMs: number, writtenMs = nowMs): void {
    const repeated = lease.seq === this.#leaseSeq && lease.epoch === this.#leaseEpoch;
    const leased = new Set<EdgeRecord>();
    for (const slice of lease.edges) {
      const record = this.#leaseEdge(slice, nowMs);
      if (record === null) continue;
      leased.add(record);
      if (!repeated) renewOverlay(record.overlay, slice, writtenMs);
    }
    for (const record of this.#leased) {
      if (!leased.has(record)) record.entitled = false;
    }
    this.#leased = leased;
    this.#leasedServices = new Set(lease.edges.map(({ service }) => service));
    this.#leaseSeq = lease.seq;
    this.#leaseEpoch = lease.epoch;
    this.#anonymous = new Map(
      lease.anonymous
        .slice(0, UNVERIFIED_MAX)
        .map(({ service, workload, prio }) => [service, { workload, prio: prio ?? PRIO_DEFAULT }]),
    );
  }

  find(workload: string, service: string): EdgeRecord | undefined {
    return this.#byService.get(service)?.get(workload);
  }

  /** Whether the lease in force names a service. */
  hasService(service: string): boolean {
    return this.#leasedServices.has(service);
  }

  /** The services that a workload may call here. */
  servicesOf(workload: string): string[] {
    return [...this.#leasedServices].filter((service) => this.find(workload, service)?.entitled === true);
  }

  /** The edge of a verified workload, also where no lease names it: then only to count on. */
  findOrCount(workload: string, service: string, nowMs: number): EdgeRecord {
    return this.find(workload, service) ?? this.#add(workload, service, nowMs) ?? this.#overflow;
  }

  /** Where calls without a valid identity are counted. */
  unverified(service: string, nowMs: number): EdgeRecord {
    const known = this.#unverified.get(service);
    if (known !== undefined) return known;
    if (this.#unverified.size >= UNVERIFIED_MAX || !NAME.test(service)) return this.#overflow;
    const record = createEdgeRecord(UNVERIFIED_WORKLOAD, service, nowMs);
    this.#unverified.set(service, record);
    return record;
  }

  /** An edge of a service that no lease names, for one answer: what is asked of it is counted all together. */
  uncountedEdge(workload: string, service: string, nowMs: number): EdgeRecord {
    this.#overflow.offered += 1;
    return createEdgeRecord(workload, service, nowMs);
  }

  /** Whom a call without a token counts as on this service. */
  anonymousOf(service: string): AnonymousIdentity | undefined {
    return this.#anonymous.get(service);
  }

  /**
   * Ends a call that had reserved something. Without effect, but counted, where
   * nothing is reserved under this id: the call was settled before or timed out.
   *
   * @param id of the reservation
   * @param needed as its answer told
   */
  settleLoad(workload: string, service: string, id: number, needed: LoadCost, nowMs: number): void {
    const load = this.find(workload, service)?.load;
    const reservation = load?.open.get(id);
    if (load && reservation) settleLoad(load, reservation, needed, nowMs);
    else this.loadCounts.unknown += 1;
  }

  /** The operations of an edge that pass no proxy. */
  operationsOf(edge: EdgeRecord): OpenOperations {
    return operationsOf(edge, this.operationEnds);
  }

  /**
   * Ends an operation. False, but counted, where none runs under this id: it was
   * settled before or timed out.
   *
   * @param needed `null` = as estimated
   */
  settleOperation(workload: string, service: string, id: number, needed: LoadCost | null, nowMs: number): boolean {
    const edge = this.find(workload, service);
    if (edge?.operations) {
      return endOperation(edge.operations, edge.load, id, { needed: needed ?? undefined }, nowMs);
    }
    this.operationEnds.unknown += 1;
    return false;
  }

  /** Frees what calls and operations hold whose end nobody told, also on edges that are not called any more. */
  freeTimedOut(nowMs: number): void {
    if (this.loadCounts.open === 0 && this.operationEnds.open === 0) return;
    for (const { operations, load } of this.records()) {
      if (operations !== null) timeOutOperations(operations, load, nowMs);
      else if (load !== null) freeTimedOut(load, nowMs);
    }
  }

  /**
   * By how much what is open may exceed all shares together: in load if estimates
   * are as wrong as they are ever corrected for, in number if proxies hold as many
   * calls as their breakers allow.
   */
  overAdmissionMax(): OverAdmission {
    const sum = { cpu: 0, memoryMb: 0, operations: 0 };
    for (const { load, operations, maxRequests } of this.records()) {
      if (operations !== null && Number.isFinite(maxRequests)) sum.operations += operations.open.size;
      if (load === null) continue;
      const { cpu, memoryMb } = overAdmissionMax(load);
      sum.cpu += cpu;
      sum.memoryMb += memoryMb;
    }
    return sum;
  }

  *records(): Iterable<EdgeRecord> {
    for (const edges of this.#byService.values()) yield* edges.values();
    yield* this.#unverified.values();
  }

  #leaseEdge(slice: LeasedEdge, nowMs: number): EdgeRecord | null {
    const known = this.find(slice.workload, slice.service);
    const record = known ?? this.#add(slice.workload, slice.service, nowMs);
    if (record === null) return null;
    leaseEdge(record, slice, slice.budget?.cInt !== 0 && slice.budget?.cPtr !== 0, nowMs);
    return record;
  }

  #add(workload: string, service: string, nowMs: number): EdgeRecord | null {
    if (this.#size >= EDGES_MAX || !NAME.test(workload) || !NAME.test(service)) return null;
    const record = createEdgeRecord(workload, service, nowMs, this.loadCounts);
    const edges = this.#byService.get(service) ?? new Map<string, EdgeRecord>();
    edges.set(workload, record);
    this.#byService.set(service, edges);
    this.#size += 1;
    return record;
  }
}
