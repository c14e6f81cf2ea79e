import assert from 'node:assert/strict';
import type { KernelEffect } from '../../core/kernel/kernel-io.ts';
import type { StabilityActionRecord } from '../../core/stability/stability-action.ts';
import type { CapacityPlatform } from '../../core/standalone/capacity-platform.ts';
import { LocalPlatform } from './local-platform.ts';
import { meshConfig } from './mesh-fixtures.ts';

/** `on_fit_violation` → `onFitViolation`. */
export const camelCase = (name: string): string =>
  name.replace(/_+([a-z])/g, (_, letter: string) => letter.toUpperCase());

/**
 * The design that Capmesh grew from is walked code block by code block in
 * tests/unit/seed: every type, method and parameter is here under its own name,
 * written as TypeScript writes names, and does what was said of it. `renamed`
 * says where a name differs.
 */
export function assertNames(
  owner: object,
  names: readonly string[],
  renamed: Readonly<Record<string, string>> = {},
): void {
  for (const name of names) {
    const ours = renamed[name] ?? camelCase(name);
    assert.ok(ours in owner, `${name} is ${ours} here, and is missing`);
  }
}

export const MESH = meshConfig({
  services: { payment: { rps: 1000, concurrency: 100 } },
  workloads: { web: {}, batch: {} },
  budgets: { web: { payment: { int: 0.5, geo: 0.6 } }, batch: { payment: { int: 0.5 } } },
});

export const ONE_TENANT = meshConfig({
  services: { payment: { rps: 1000, concurrency: 100 } },
  workloads: { web: {} },
  budgets: { web: { payment: { int: 0.5 } } },
});

/** web → checkout → payment. */
export const CHAIN = meshConfig({
  services: { checkout: {}, payment: {} },
  workloads: { web: {}, checkout: {} },
  budgets: { web: { checkout: {} }, checkout: { payment: {} } },
});

export const actionsIn = (effects: readonly KernelEffect[]): StabilityActionRecord[] =>
  effects.flatMap((effect) => (effect.kind === 'emit-event' && effect.event.action ? [effect.event.action] : []));

/** A mesh of one process, with a payment service that calls a ledger. */
export function startedPlatform(): { readonly local: LocalPlatform; readonly platform: CapacityPlatform } {
  const config = meshConfig({
    services: { ledger: { rps: 400, concurrency: 24, cpuMsPerSec: 100, memoryMiB: 1024 } },
    workloads: { 'payment-service': {} },
    budgets: { 'payment-service': { ledger: { int: 0.8, ptr: 0.75 } } },
  });
  const local = new LocalPlatform(config, { cross_service_call: 'ledger' });
  return { local, platform: local.platform };
}
