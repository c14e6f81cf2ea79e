/** What a control plane may ask of a sidecar about operations. */
export const OPERATION_METHODS = ['check', 'settle'] as const;
export type OperationMethod = (typeof OPERATION_METHODS)[number];

/** Where a sidecar is asked; the methods lie below. Names of mesh and node hold no dot. */
export const operationsSubject = (mesh: string, node: string): string => `capmesh.v1.operations.${mesh}.${node}`;
