import type { InTime } from './call-sources.ts';
import type { RetryPolicy } from './service-behaviour.ts';

/** What a workload offers a service from outside. */
export interface CallLoad {
  readonly workload: string;
  readonly service: string;
  /** First attempts per second, a Poisson stream. */
  readonly rateRps: InTime;
  /** Work of a call in units of the service's own; 1 by default. */
  readonly work?: InTime | undefined;
  /** None by default. */
  readonly retry?: RetryPolicy | undefined;
}
