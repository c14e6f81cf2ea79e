import type { GateName } from '../gates/gate-state.ts';
import type { ServiceEndpoint } from './service-endpoint.ts';

/**
 * What an operator writes: the mesh file as plain data, with everything left out
 * that has a default (CONTRACT §I shows one). `null` means the same as absent.
 */
export interface MeshDocument {
  readonly mesh: string;
  readonly services?: Readonly<Record<string, ServiceDocument>> | undefined;
  readonly workloads?: Readonly<Record<string, WorkloadDocument>> | undefined;
  /** By workload, then by service. */
  readonly budgets?: Readonly<Record<string, Readonly<Record<string, BudgetDocument>>>> | undefined;
  readonly gates?: GatesDocument | undefined;
  readonly policy?: PolicyDocument | undefined;
}

export interface ServiceDocument {
  readonly endpoints: readonly ServiceEndpoint[];
  readonly capacity?: CapacityDocument | undefined;
  /** Multiplied by the number of endpoints; not together with `capacity`. */
  readonly capacityPerEndpoint?: CapacityDocument | undefined;
  readonly anonymous?: string | null | undefined;
  readonly authorizerDown?: 'degrade' | 'closed' | 'open' | undefined;
  readonly timeoutMs?: number | undefined;
  readonly ejectFailing?: boolean | undefined;
}

export interface CapacityDocument {
  readonly rps?: number | null | undefined;
  readonly concurrency?: number | null | undefined;
  readonly cpuMsPerSec?: number | null | undefined;
  readonly memoryMiB?: number | null | undefined;
}

export interface WorkloadDocument {
  readonly tenant?: string | undefined;
  readonly prio?: number | undefined;
  readonly weight?: number | undefined;
}

export interface BudgetDocument {
  readonly geo?: number | null | undefined;
  readonly int?: number | null | undefined;
  readonly gauge?: number | null | undefined;
  readonly ptr?: number | null | undefined;
  readonly obs?: number | null | undefined;
  /** Absolute form of `int`, calls per second. */
  readonly rps?: number | null | undefined;
  /** Absolute form of `ptr`, calls in flight. */
  readonly parallel?: number | null | undefined;
}

export interface GatesDocument {
  readonly fitThreshold?: number | undefined;
  readonly gluingK?: number | undefined;
  readonly uvLambda1Hz?: number | undefined;
  readonly uvLambdaMaxHz?: number | null | undefined;
  readonly isolationEps?: number | undefined;
}

export interface PolicyDocument {
  readonly maxShedRatio?: number | undefined;
  readonly shadow?: readonly GateName[] | undefined;
  readonly fence?: boolean | undefined;
}
