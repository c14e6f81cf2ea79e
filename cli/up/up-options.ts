import type { PortChoice } from '../../platform/ports.ts';

export interface UpOptions {
  readonly nodes: number;
  readonly mesh?: string;
  readonly meshFile?: string;
  readonly example?: true;
  readonly portBase?: PortChoice;
  readonly envoyWorkers: number;
  readonly record?: string;
}

/** The mesh of the example file. */
export const DEFAULT_MESH = 'shop';
