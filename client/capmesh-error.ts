import { status } from '@grpc/grpc-js';
import { isUnreached } from '../platform/grpc-failure.ts';

/**
 * - `unavailable`: nobody answers at the address, or the control plane cannot reach its store
 * - `timeout`: no answer within the deadline
 * - `credentials`: the enrolment secret is missing or not accepted
 * - `invalid`: the request is wrong; the message names every field
 * - `not-found`: there is no such workload or grant (any more)
 * - `busy`: too many at once
 * - `refused`: no token is held because the mesh does not admit the request (`HeldCapacity`)
 * - `closed`: this client was closed
 * - `failed`: anything else
 */
export type CapmeshErrorCode =
  | 'unavailable'
  | 'timeout'
  | 'credentials'
  | 'invalid'
  | 'not-found'
  | 'busy'
  | 'refused'
  | 'closed'
  | 'failed';

const CODES = new Map<number, CapmeshErrorCode>([
  [status.UNAVAILABLE, 'unavailable'],
  [status.DEADLINE_EXCEEDED, 'timeout'],
  [status.UNAUTHENTICATED, 'credentials'],
  [status.PERMISSION_DENIED, 'credentials'],
  [status.INVALID_ARGUMENT, 'invalid'],
  [status.NOT_FOUND, 'not-found'],
  [status.RESOURCE_EXHAUSTED, 'busy'],
  [status.ABORTED, 'busy'],
  [status.CANCELLED, 'closed'],
]);

const HINTS: Readonly<Record<CapmeshErrorCode, string>> = {
  unavailable: 'Is a control plane running there? "capmesh up" starts one; `address` or CAPMESH_SERVER names another.',
  timeout: 'Is that the gRPC port of the control plane, and is it overloaded? "capmesh status" asks it how it is.',
  credentials: 'Enrol the workload with "capmesh enrol <workload>" and pass the file that it names as `secret`.',
  invalid: '',
  'not-found': 'The grant may have ended or been revoked: ask for a new one.',
  busy: 'Try again a little later.',
  refused: 'Ask for less, or wait: the refusal says how much and how long.',
  closed: 'Make a new client.',
  failed: 'The log of the control plane may say more.',
};

/** The control plane could not be asked, or did not accept the question. Refusals of capacity are values, not errors. */
export class CapmeshError extends Error {
  override readonly name = 'CapmeshError';
  readonly code: CapmeshErrorCode;
  /** `host:port` of the control plane. */
  readonly address: string;
  /** What to try; may be empty. */
  readonly hint: string;

  constructor(code: CapmeshErrorCode, address: string, what: string, cause?: unknown, hint = HINTS[code]) {
    super(
      `control plane at ${address}: ${what}${hint === '' ? '' : `. ${hint}`}`,
      cause === undefined ? {} : { cause },
    );
    this.code = code;
    this.address = address;
    this.hint = hint;
  }

  /** Total: anything that was thrown becomes one of these. */
  static from(error: unknown, address: string): CapmeshError {
    if (error instanceof CapmeshError) return error;
    const { code, details, message } = Object(error) as { code?: unknown; details?: unknown; message?: unknown };
    const known = (typeof code === 'number' ? CODES.get(code) : undefined) ?? 'failed';
    const what = String(details || message || error);
    // The words of a control plane that was reached say enough.
    const isAnswer = known === 'unavailable' && !isUnreached(what);
    return new CapmeshError(known, address, what, error, isAnswer ? '' : HINTS[known]);
  }
}
