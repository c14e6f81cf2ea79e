export type {
  AdmittedCapacity,
  CapacityRequest,
  CapacityResponse,
  CapacityVector,
  NotAdmitted,
  RenewRequest,
} from './capacity-request.ts';
export { CapmeshClient, type CapmeshClientOptions } from './capmesh-client.ts';
export { CapmeshError, type CapmeshErrorCode } from './capmesh-error.ts';
export type { CapacityAdvice, HeldCapacity, HoldOptions, LostGrant } from './held/held-capacity.ts';
export type {
  AllowedOperation,
  LoadEstimate,
  OperationOutcome,
  OperationRequest,
  OperationResult,
} from './operation-request.ts';
export type { SecretSource } from './secret-source.ts';
export type { Timing } from './timing.ts';
