export type { CapacityEventRecord, KernelEffect, KernelEvent, StabilityActionRecord } from './kernel/kernel-io.ts';
export { createKernel, type KernelState } from './kernel/kernel-state.ts';
export type { EdgeView, MeshView, NodeView, ServiceView } from './kernel/mesh-view.ts';
export { type KernelStep, step } from './kernel/step.ts';
export { viewOf } from './kernel/view-of.ts';
