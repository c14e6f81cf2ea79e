export type { CallCapacity, TokenSource } from './call-headers.ts';
export type { CapacityRefusal } from './capacity-refusal.ts';
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
export { type CapacityInterceptorOptions, capacityInterceptor } from './grpc/capacity-interceptor.ts';
export { refusalOfError } from './grpc/refusal-of-error.ts';
export type { HeldCapacity } from './held/held-capacity.ts';
export type { CapacityAdvice, HoldOptions, LostGrant } from './held/hold-options.ts';
export {
  type CapacityFetch,
  type CapacityFetchOptions,
  type CapacityInit,
  capacityFetch,
  type Fetch,
} from './http/capacity-fetch.ts';
export { meshFetch } from './http/mesh-fetch.ts';
export { refusalOfResponse } from './http/refusal-of-response.ts';
export type {
  AllowedOperation,
  LoadEstimate,
  OperationOutcome,
  OperationRequest,
  OperationResult,
} from './operation-request.ts';
export type { SecretSource } from './secret-source.ts';
export type { Timing } from './timing.ts';
