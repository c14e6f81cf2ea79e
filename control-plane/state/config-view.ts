import {
  type BudgetConfig,
  type EdgeKey,
  edgeKey,
  type GateSettings,
  type MeshConfig,
  type PolicyConfig,
  type ServiceConfig,
  type WorkloadConfig,
} from '../../core/mesh/mesh-config.ts';
import { DEFAULT_GATES, DEFAULT_POLICY } from '../../core/mesh/mesh-defaults.ts';
import { MESH_KEY } from './config-keys.ts';

/** One stored value with the stream sequence that it was written at. */
export interface StoredObject {
  readonly value: unknown;
  readonly revision: number;
}

/** The mesh as it is stored, at one moment. Never changes. */
export interface ConfigView {
  readonly config: MeshConfig;
  /** Sequence of the newest write to any object. */
  readonly revision: number;
  /** Of every object that exists, by key. */
  readonly revisions: ReadonlyMap<string, number>;
}

/** Puts the stored objects of `mesh` together. */
export function configView(mesh: string, objects: ReadonlyMap<string, StoredObject>, revision: number): ConfigView {
  const services = new Map<string, ServiceConfig>();
  const workloads = new Map<string, WorkloadConfig>();
  const budgets = new Map<EdgeKey, BudgetConfig>();
  let settings: { gates?: Partial<GateSettings>; policy?: Partial<PolicyConfig> } = {};
  for (const [key, { value }] of [...objects].sort(byKey)) {
    const [kind, name = '', service = ''] = key.split('.');
    if (kind === 'service') {
      services.set(name, value as ServiceConfig);
    } else if (kind === 'workload') {
      workloads.set(name, value as WorkloadConfig);
    } else if (kind === 'budget') {
      budgets.set(edgeKey(name, service), value as BudgetConfig);
    } else if (key === MESH_KEY) {
      settings = value as typeof settings;
    }
  }
  const config: MeshConfig = {
    mesh,
    services,
    workloads,
    budgets,
    gates: { ...DEFAULT_GATES, ...settings.gates },
    policy: { ...DEFAULT_POLICY, ...settings.policy },
  };
  return { config, revision, revisions: new Map([...objects].map(([key, object]) => [key, object.revision])) };
}

const byKey = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);
