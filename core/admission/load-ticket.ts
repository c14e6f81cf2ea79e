/**
 * Names what a check has let through, from its answer to its end: the reservation
 * of a call on its way through Envoy, or an operation until it is settled.
 */
export interface LoadTicket {
  readonly node: string;
  /** The run of the checker that reserved; another one knows nothing of it. */
  readonly instance: string;
  readonly workload: string;
  readonly service: string;
  /** Of the reservation or the operation, unique among its kind on the edge in that run. */
  readonly id: number;
}

const TICKET = /^([^/]+)\/([^/]+)\/([^/]+)\/([^/]+)\/(\d{1,15})$/;

/** One text, ASCII; no part holds a slash. */
export const writeTicket = ({ node, instance, workload, service, id }: LoadTicket): string =>
  `${node}/${instance}/${workload}/${service}/${id}`;

/** `null` for anything that `writeTicket` did not write. */
export function readTicket(text: string): LoadTicket | null {
  const [, node, instance, workload, service, id] = TICKET.exec(text) ?? [];
  if (node === undefined || instance === undefined || workload === undefined || service === undefined) return null;
  return { node, instance, workload, service, id: Number(id) };
}
