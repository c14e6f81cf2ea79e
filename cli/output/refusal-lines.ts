/** A refusal, as far as it is printed. */
export interface Refusal {
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  readonly edge?: string | undefined;
  readonly gate?: string | undefined;
  readonly remaining?: number | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly id?: string | undefined;
}

/** Why something was refused, what is known beside it, and the command that says more. */
export function refusalLines(refusal: Refusal): string[] {
  const { reason, message, edge, gate, remaining, retryAfterMs } = refusal;
  const facts = [
    ...(edge === undefined ? [] : [`edge ${edge}`]),
    ...(gate === undefined ? [] : [`gate ${gate}`]),
    ...(remaining === undefined ? [] : [`${remaining} left`]),
    ...(retryAfterMs === undefined ? [] : [`try again in ${retryAfterMs} ms`]),
  ];
  return [
    `refused: ${reason}${message ? ` – ${message}` : ''}`,
    ...(facts.length === 0 ? [] : [facts.join(', ')]),
    ...whyLines(refusal),
  ];
}

/** Ids of sidecars; Envoy gives its own refusals the id of the request, which nobody remembers. */
const SIDECAR_ID = /^[0-9a-f]{8}-[0-9a-z]+$/;

/** The command that says more. */
function whyLines({ reason, edge, id }: Refusal): string[] {
  if (id !== undefined && SIDECAR_ID.test(id)) return [`why: capmesh explain ${id}`];
  return edge === undefined ? [] : [`why: capmesh explain --reason ${reason} ${edge}`];
}
