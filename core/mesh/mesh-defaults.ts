import type { GateSettings, PolicyConfig, ServiceCapacity } from './mesh-config.ts';

/** Thresholds under the seed's names (CONTRACT §G). */
export const DEFAULT_GATES: GateSettings = {
  fitThreshold: 0.25,
  gluingK: 3,
  /** 1/(3τ_c) with τ_c = 10 s. */
  uvLambda1Hz: 1 / 30,
  uvLambdaMaxHz: null,
  isolationEps: 0.15,
};

/** Shed at most nine tenths of the calls, act on every gate, fence nobody (CONTRACT §G). */
export const DEFAULT_POLICY: PolicyConfig = { maxShedRatio: 0.9, shadow: [], fence: false };

/** Priority of a workload, 0 … 9, higher matters more (CONTRACT §E). */
export const DEFAULT_PRIO = 5;
/** Share of contended capacity relative to others (CONTRACT §D). */
export const DEFAULT_WEIGHT = 1;
/** Time-out of a route, ms (maps to `RouteAction.timeout`). */
export const DEFAULT_TIMEOUT_MS = 1000;
/** Endpoints that fail are left out only where the service says so (Envoy outlier detection). */
export const DEFAULT_EJECT_FAILING = false;
/** While the sidecar cannot be reached: the edge's safe bucket (CONTRACT §F). */
export const DEFAULT_AUTHORIZER_DOWN = 'degrade';

/** Nothing declared: every limit waits until it is learned (CONTRACT §B). */
export const UNKNOWN_CAPACITY: ServiceCapacity = {
  rps: null,
  concurrency: null,
  cpuMsPerSec: null,
  memoryMiB: null,
};
