/** gRPC status codes of what the door does not answer by a value. */
export const OPERATION_ERROR = { invalid: 3, forbidden: 7, unavailable: 14, unauthenticated: 16 } as const;

/** Why a request about an operation has no answer; the same through every door. */
export class OperationError extends Error {
  override readonly name = 'OperationError';
  readonly code: keyof typeof OPERATION_ERROR;

  constructor(code: keyof typeof OPERATION_ERROR, message: string) {
    super(message);
    this.code = code;
  }
}
