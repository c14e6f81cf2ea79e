/** Names a reservation on its way through Envoy: from the answer to a check to the end of the call. */
export interface LoadTicket {
  /** The run of the checker that reserved; another one knows nothing of it. */
  readonly instance: string;
  readonly workload: string;
  readonly service: string;
  /** Of the reservation, unique on the edge in that run. */
  readonly id: number;
}

const TICKET = /^([^/]+)\/([^/]+)\/([^/]+)\/(\d+)$/;

/** One text, ASCII; no part holds a slash. */
export const writeTicket = ({ instance, workload, service, id }: LoadTicket): string =>
  `${instance}/${workload}/${service}/${id}`;

/** `null` for anything that `writeTicket` did not write. */
export function readTicket(text: string): LoadTicket | null {
  const [, instance, workload, service, id] = TICKET.exec(text) ?? [];
  if (instance === undefined || workload === undefined || service === undefined) return null;
  return { instance, workload, service, id: Number(id) };
}
