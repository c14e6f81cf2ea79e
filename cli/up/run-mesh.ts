import { resolve } from 'node:path';
import { findBinary } from '../../platform/binaries.ts';
import { choosePorts } from '../../platform/ports.ts';
import { tcpOpen } from '../../platform/readiness.ts';
import { Supervisor } from '../../platform/supervisor.ts';
import { CliError, EXIT } from '../cli-error.ts';
import type { Invocation } from '../context.ts';
import { readMeshFile } from '../mesh-file.ts';
import { parsePortChoice } from '../parse-options.ts';
import { putMeshInForce } from '../put-mesh-in-force.ts';
import type { StateFolder } from '../state-folder.ts';
import { controlPlaneSpec, envoySpec, natsServerSpec, sidecarSpec, type UpPlan } from './child-specs.ts';
import { type ExampleServices, startExampleServices } from './example-services.ts';
import { DEFAULT_MESH, localitiesOf, type UpOptions } from './up-options.ts';
import { UpReporter } from './up-reporter.ts';
import { waitForNodes } from './wait-for-nodes.ts';

/** Runs a whole mesh until ^C; throws when it cannot be started, with nothing left running. */
export async function runMesh(call: Invocation<UpOptions>): Promise<void> {
  await refuseSecondMesh(call.state);
  await runUntilSignal(call);
}

async function refuseSecondMesh(state: StateFolder): Promise<void> {
  const running = state.running();
  if (running !== null && isAlive(running.pid) && (await tcpOpen(running.ports.grpc))) {
    throw new CliError(
      EXIT.refused,
      `a mesh runs already in ${state.path} (process ${running.pid})`,
      'Stop it, or give this one another --state-dir.',
    );
  }
}

/** A killed mesh leaves its word behind, and by now somebody else may have its ports. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function runUntilSignal(call: Invocation<UpOptions>): Promise<void> {
  const { context, options, state } = call;
  const startMs = context.clock.monotonicMs();
  const portChoice = options.portBase ?? parsePortChoice(context.env.CAPMESH_PORT_BASE || 'defaults');
  const mesh = options.meshFile === undefined ? undefined : readMeshFile(context, options.meshFile);
  const plan: UpPlan = {
    state,
    mesh: options.mesh ?? mesh?.name ?? DEFAULT_MESH,
    ports: await choosePorts(portChoice, options.nodes),
    localities: localitiesOf(options),
    traceCollector: options.traceCollector,
    envoyWorkers: options.envoyWorkers,
    record: options.record === undefined ? undefined : resolve(context.cwd, options.record),
    binaries: { envoy: findBinary('envoy', context.env), natsServer: findBinary('nats-server', context.env) },
  };
  state.makeFolder();
  const examples = options.example ? await startExampleServices(portChoice === 'auto') : NO_EXAMPLES;
  const reporter = new UpReporter(call, plan, examples.ports);
  const supervisor = new Supervisor({ report: (report) => reporter.child(report, supervisor.pids()) });
  const interrupted = new Promise<void>((resolve) => {
    context.signal.addEventListener('abort', () => resolve(supervisor.stop()), { once: true });
  });
  try {
    await startChildren(supervisor, plan);
    reporter.running(supervisor.pids());
    await waitForNodes(call, plan.ports.nodes.length);
    if (mesh !== undefined) await putMeshInForce(call, mesh);
    reporter.ready(context.clock.monotonicMs() - startMs, supervisor.pids());
    await interrupted;
  } finally {
    await supervisor.stop();
    await examples.stop();
    state.clearRunning();
  }
}

const NO_EXAMPLES: ExampleServices = { ports: {}, stop: async () => {} };

async function startChildren(supervisor: Supervisor, plan: UpPlan): Promise<void> {
  await supervisor.start(natsServerSpec(plan));
  await supervisor.start(controlPlaneSpec(plan));
  await Promise.all(
    plan.ports.nodes.map(async (_, index) => {
      await supervisor.start(sidecarSpec(plan, index));
      await supervisor.start(envoySpec(plan, index));
    }),
  );
}
