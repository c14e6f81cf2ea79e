/** How an attempt ended, as its caller sees it. */
export type Outcome =
  | 'good'
  /** Answered with an error. */
  | 'failed'
  /** No connection to the service. */
  | 'unreachable'
  | 'timeout'
  /** By Capmesh: sidecar or breaker. */
  | 'refused'
  /** By Capmesh, and asking again is no use. */
  | 'forbidden';
