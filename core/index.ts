/** Capmesh as a library: capacity maths, plans, mesh configuration, the kernel, and all of it in one process. All pure. */

export { type AdmissionCaution, cautionAt } from './admission/admission-caution.ts';
export { type AdmissionFigures, admissionFigures } from './admission/admission-figures.ts';
export type { AdmissionLedger, AdmissionRecord } from './admission/admission-ledger.ts';
export type { AdmissionScene, EdgeScene, PoolScene } from './admission/admission-scene.ts';
export { checkCall, checkLoadedCall, type LoadedCall } from './admission/check-call.ts';
export {
  type AdmissionAssessment,
  type AdmissionDecision,
  type AdmissionInput,
  assessAdmission,
  decideAdmission,
} from './admission/decide-admission.ts';
export type { GateForecast } from './admission/gate-forecast.ts';
export {
  createLoadLimit,
  type LoadEstimate,
  type LoadLimit,
  type LoadReservation,
  type LoadShare,
  loadFits,
  loadRetryAfterMs,
  renewLoadShare,
  reserveLoad,
  settleLoad,
} from './admission/load-limit.ts';
export { type RefusalReason, statusOf } from './admission/refusal-reason.ts';
export { type GateOutlook, outlookOf, type ServiceForecast, whatIf } from './admission/what-if.ts';
export { CapacityAllocator, type CapacityAssignment, localWorkload } from './allocators/capacity-allocator.ts';
export type * from './allocators/capacity-plan.ts';
export { CouplingAllocator, type CouplingAssignment } from './allocators/coupling-allocator.ts';
export { D_MAX, DimensionAllocator, type TopologyAssignment } from './allocators/dimension-allocator.ts';
export type { LeaseBook, NodeObservation } from './allocators/lease-book.ts';
export { EMPTY_LEASE_BOOK, restoreLeaseBook } from './allocators/lease-book.ts';
export { ObserverAllocator } from './allocators/observer-allocator.ts';
export { planCapacity } from './allocators/plan-capacity.ts';
export type * from './allocators/plan-input.ts';
export { PointerAllocator, type PointerAssignment } from './allocators/pointer-allocator.ts';
export type { SliceInput, SliceResult } from './allocators/slice-limits.ts';
export { sliceLimits } from './allocators/slice-limits.ts';
export { SymmetryAllocator, type SymmetryAssignment } from './allocators/symmetry-allocator.ts';
export type { PoolShare, PoolSpec, WorkloadSpec } from './allocators/workload-spec.ts';
export { type AccountCheck, checkAccount } from './capacity/account.ts';
export { edgeBurst, type RateAndBurst, sliceBurst, tokenLimit } from './capacity/burst.ts';
export { AXES, type Axis, type CapacityVector, UNLIMITED } from './capacity/capacity-vector.ts';
export { type ConsensusBounds, consensusBounds } from './capacity/consensus.ts';
export type { DerivationStep } from './capacity/derivation-step.ts';
export { explainEdge } from './capacity/explain-edge.ts';
export { grantQuorum, leaseMs } from './capacity/gauge.ts';
export { activeGeoLevels, endpointsPerLevel, GEO_LEVELS, type GeoLevel, geoWeights } from './capacity/geo-levels.ts';
export { type GroupAgreement, groupAgreement, type VotingGroup } from './capacity/group-agreement.ts';
export { liveCapacity, maxCapacity, sumLiveGrants } from './capacity/live-capacity.ts';
export { type ObservationLimits, observationLimits } from './capacity/observation.ts';
export { guaranteedShares, type RateDemand, rateLimits } from './capacity/rate-limits.ts';
export { covers, debit, fullBucket, levelAt, retryAfterMs, type TokenBucket, take } from './capacity/token-bucket.ts';
export { waterFill } from './capacity/water-fill.ts';
export { type GateMetrics, gateMetrics } from './framework/gate-metrics.ts';
export { type FrameworkVerdict, gateVerdicts } from './framework/gate-verdicts.ts';
export { type GeoSweep, geoSweep, staircase } from './framework/geo-sweep.ts';
export { graphSpectrum } from './framework/graph-spectrum.ts';
export { lanczosQuadrature, stochasticReturn } from './framework/lanczos-quadrature.ts';
export { latticeSpectrum } from './framework/lattice-spectrum.ts';
export { hardFilter, powerFilter, softFilter } from './framework/mode-filters.ts';
export { type MultiAxisOptions, type MultiAxisSweep, multiAxisSweep } from './framework/multi-axis-sweep.ts';
export { type PublishedReport, publishedReport } from './framework/published-report.ts';
export { allPass, combineGates } from './gates/all-pass.ts';
export { GATES, type GateName, type GateState, type GateStatus, type GateVerdict } from './gates/gate-state.ts';
export { CapacityKernel, type CapacityKernelOptions } from './kernel/capacity-kernel.ts';
export type { Correlator, CorrelatorCell } from './kernel/correlator.ts';
export { computeCapacityMetrics, GateMonitor, type GateResult } from './kernel/gate-monitor.ts';
export type { CapacityEventRecord, KernelEffect, KernelEvent, Moment } from './kernel/kernel-io.ts';
export { createKernel, type KernelState } from './kernel/kernel-state.ts';
export type { MeasuredMesh } from './kernel/measure-mesh.ts';
export type { EdgeView, MeshView, NodeView, ServiceView } from './kernel/mesh-view.ts';
export { type KernelStep, step } from './kernel/step.ts';
export { type MeasureSource, Substrate } from './kernel/substrate.ts';
export {
  type MetricSample,
  type MetricStream,
  type ResourceMetrics,
  SubstrateState,
} from './kernel/substrate-state.ts';
export { viewOf } from './kernel/view-of.ts';
export { checkMesh } from './mesh/check-mesh.ts';
export * from './mesh/mesh-config.ts';
export type * from './mesh/mesh-document.ts';
export { MESH_SCHEMA } from './mesh/mesh-schema.ts';
export { type Endpoint, parseEndpoint } from './mesh/parse-endpoint.ts';
export type { Locality, PlacedEndpoint, ServiceEndpoint } from './mesh/service-endpoint.ts';
export { meshDocument } from './mesh/to-mesh-document.ts';
export type { Checked, Problem } from './problem.ts';
export { explainRefusal } from './refusals/explain-refusal.ts';
export type { RefusalExplanation } from './refusals/refusal-explanation.ts';
export type { RefusalRecord } from './refusals/refusal-record.ts';
export { type RefusalQuestion, type RefusalScene, refusalSceneOf } from './refusals/refusal-scene.ts';
export type { CallLoad } from './simulation/call-load.ts';
export { MeshSimulation, type MeshSimulationOptions } from './simulation/mesh-simulation.ts';
export type { MessageBehaviour } from './simulation/message-behaviour.ts';
export type { ServiceSecond, SimulatedSecond } from './simulation/second-meter.ts';
export { seededRandom } from './simulation/seeded-random.ts';
export type { RetryPolicy, ServiceBehaviour, Slowdown } from './simulation/service-behaviour.ts';
export type { ServiceReport, SimulationReport } from './simulation/simulation-report.ts';
export type { ActionKind, EndCause, StabilityActionRecord } from './stability/stability-action.ts';
export { StabilityController } from './stability/stability-controller.ts';
export type { StabilityScene } from './stability/stability-scene.ts';
export { CapacityPlatform, type CapacityPlatformOptions } from './standalone/capacity-platform.ts';
export type { CapacityRequest, CapacityResponse } from './standalone/capacity-request.ts';
export type { OperationRequest, OperationResult } from './standalone/operation-request.ts';
export type { OperationOutcome, RunningOperation } from './standalone/running-operation.ts';
export { type TokenKey, TokenService } from './standalone/token-service.ts';
export { type MeshSpectrum, meshSpectrum } from './substrate/spectrum.ts';
export type { EdgeCounters, ResourceSample, TelemetryFrame } from './substrate/telemetry-frame.ts';
export { checkClaims } from './token/check-claims.ts';
export { issueToken, type TokenContent, type TokenSigner } from './token/issue-token.ts';
export { type VerifySignature, verifyToken } from './token/verify-token.ts';
