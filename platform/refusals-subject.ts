/** Where the sidecar of a node is asked about the refusals that it remembers. */
export const refusalsSubject = (mesh: string, node: string): string => `capmesh.v1.refusals.${mesh}.${node}`;
