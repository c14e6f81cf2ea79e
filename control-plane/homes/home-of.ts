import { stableOrder } from '../../core/capacity/stable-order.ts';

/** A replica of the control plane, and the process that it is now. */
export interface ReplicaProcess {
  readonly replica: string;
  readonly process: string;
}

/**
 * The one of these replicas that an account is at home at: the same wherever it is
 * asked among the same ones (rendezvous hashing by name). When a replica comes or
 * goes, only accounts move that are at home there. Of two processes of a replica it
 * is the one that is named last; `null` = there is none.
 */
export function homeOf(workload: string, replicas: readonly ReplicaProcess[]): ReplicaProcess | null {
  const names = replicas.map(({ replica }) => replica);
  const [first] = stableOrder(workload, names);
  return replicas.findLast(({ replica }) => replica === first) ?? null;
}
