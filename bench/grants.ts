/**
 * Grants at several replicas at once: requesters at three real control planes
 * over a real nats-server, first all on one account, then on fifty, then on fifty
 * while the leader is killed and the one after it is paused; before that some on
 * fifty while the code is compiled, which count for nothing but the audit. That
 * reads every revision of the ledger; the run is void when a grant was lost or
 * doubled, an account was above its budget, or two processes wrote in one epoch.
 *
 * `--replicas 3 --requesters 64 --accounts 50 --warm 5000 --one 3000 --many 10000 --faults 2000 --sync always --seed 1`
 */
import { parseArgs } from 'node:util';
import { seededRandom } from '../core/simulation/seeded-random.ts';
import { type GrantWorld, startGrantWorld } from './grants/grant-world.ts';
import type { Demand } from './grants/requesters.ts';
import { type Phase, type PhaseOptions, runPhase, runWithFaults } from './grants/run-phase.ts';

const { values } = parseArgs({
  options: {
    replicas: { type: 'string', default: '3' },
    requesters: { type: 'string', default: '64' },
    accounts: { type: 'string', default: '50' },
    warm: { type: 'string', default: '5000' },
    one: { type: 'string', default: '3000' },
    many: { type: 'string', default: '10000' },
    faults: { type: 'string', default: '2000' },
    sync: { type: 'string', default: 'always' },
    seed: { type: 'string', default: '1' },
  },
});

const workloads = Array.from({ length: Number(values.accounts) }, (_, index) => `w-${index + 1}`);
const random = seededRandom(Number(values.seed));
const ONE: Demand = { workloads: workloads.slice(0, 1), shareMax: 0.003, secondsMax: 1, releasedRatio: 0.1 };
const MANY: Demand = { workloads, shareMax: 0.01, secondsMax: 3, releasedRatio: 0.05 };

const phase = (demand: Demand, requests: string): PhaseOptions => ({
  demand,
  requests: Number(requests),
  perDoor: Number(values.requesters),
  random,
});

const world = await startGrantWorld(Number(values.replicas), workloads, values.sync);
try {
  process.exitCode = (await measure(world)) ? 0 : 1;
} finally {
  await world.stop();
}

async function measure(started: GrantWorld): Promise<boolean> {
  await started.leader(started.doors, 0);
  const phases = {
    warm: await runPhase(started, started.doors, phase(MANY, values.warm)),
    one: await runPhase(started, started.doors, phase(ONE, values.one)),
    many: await runPhase(started, started.doors, phase(MANY, values.many)),
    faults: await runWithFaults(started, phase(MANY, values.faults)),
  };
  await started.audited();
  return report(started, phases);
}

function report({ audit, leaders, doors }: GrantWorld, phases: Readonly<Record<string, Phase>>): boolean {
  const all = Object.values(phases).flatMap(({ answers }) => answers.grants);
  const faults = audit.faults(all);
  const writers = [...leaders.writers()].map(([epoch, processes]) => ({ epoch, writers: processes.size }));
  const shared = writers.filter((epoch) => epoch.writers !== 1).length;
  const late = leaders.late().length;
  const isVoid = [...Object.values(faults), shared, late].some((count) => count > 0) || all.length === 0;
  const summaries = Object.fromEntries(Object.entries(phases).map(([name, phase]) => [name, summaryOf(phase)]));
  for (const [name, summary] of Object.entries(summaries)) console.log(name.padEnd(8), JSON.stringify(summary));
  console.log(
    JSON.stringify({
      bench: 'grants',
      void: isVoid,
      replicas: doors.length,
      requesters: Number(values.requesters) * doors.length,
      accounts: workloads.length,
      syncInterval: values.sync,
      phases: summaries,
      ledger: { revisions: audit.revisions, ...faults, untold: audit.untold(all) },
      epochs: writers.length,
      epochsShared: shared,
      lateWrites: late,
    }),
  );
  return !isVoid;
}

function summaryOf({ answers, seconds }: Phase) {
  const { grants, latenciesMs, denied, released, failures } = answers;
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  const quantile = (q: number): number => Math.round(10 * (sorted[Math.ceil(q * sorted.length) - 1] ?? 0)) / 10;
  return {
    seconds: Math.round(10 * seconds) / 10,
    answers: sorted.length,
    answersPerSecond: Math.round(sorted.length / seconds),
    grantsPerSecond: Math.round(grants.length / seconds),
    denied,
    released,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    failures,
  };
}
