/** Why the mesh refused a call, as its sidecars and Envoys say it. */
export interface CapacityRefusal {
  /** budget-exhausted, load-exhausted, shed-priority, breaker-open, token-expired, … */
  readonly reason: string;
  readonly message: string;
  /** `<workload>/<service>`; the workload is `~unverified` where the token does not hold. */
  readonly edge: string;
  /** Names this one refusal in logs and questions. */
  readonly id: string;
  /** Whole calls left in the bucket that refused; `null` = none did. */
  readonly remaining: number | null;
  /** When trying again makes sense; `null` = time alone changes nothing. */
  readonly retryAfterMs: number | null;
}

/** Set on every refusal: its reason. */
export const DENIED_HEADER = 'x-capacity-denied';
/** A refusal's body is far smaller. */
export const REFUSAL_BYTES_MAX = 16 * 1024;

/**
 * A refusal out of what was received; what is missing or no refusal's is empty.
 *
 * @param reason value of `x-capacity-denied`
 * @param retryAfter value of `Retry-After`: whole seconds
 */
export function readRefusal(reason: string, body: string, retryAfter: string | null): CapacityRefusal {
  const fields = parseObject(body);
  return {
    reason,
    message: textOf(fields.message),
    edge: textOf(fields.edge),
    id: textOf(fields.id),
    remaining: numberOf(fields.remaining),
    retryAfterMs: numberOf(fields.retryAfterMs) ?? secondsInMs(retryAfter),
  };
}

/** `Retry-After` of a refusal, ms; `null` where it says nothing or a date. */
export const secondsInMs = (retryAfter: string | null): number | null =>
  retryAfter !== null && /^\d{1,6}$/.test(retryAfter.trim()) ? 1000 * Number(retryAfter) : null;

function parseObject(text: string): Readonly<Record<string, unknown>> {
  if (text.length > REFUSAL_BYTES_MAX) return {};
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>;
  } catch {
    return {};
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const numberOf = (value: unknown): number | null => (typeof value === 'number' && value >= 0 ? value : null);
