/** Clusters that every node has from its bootstrap. */
export const STATIC_CLUSTERS = {
  /** Serves ADS. */
  controlPlane: 'control-plane',
  /** Answers checks. */
  sidecar: 'sidecar',
  /** Receives statistics. */
  sinks: 'sinks',
  /** Receives spans, where the node has a collector. */
  traces: 'traces',
} as const;
