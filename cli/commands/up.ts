import { Command } from 'commander';
import { findBinary } from '../../platform/binaries.ts';
import { choosePorts, type PortChoice } from '../../platform/ports.ts';
import { tcpOpen } from '../../platform/readiness.ts';
import { Supervisor } from '../../platform/supervisor.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { type CliContext, type Invocation, invocation } from '../context.ts';
import { readMeshFile } from '../mesh-file.ts';
import { parseCount, parsePortChoice } from '../parse-options.ts';
import { putMeshInForce } from '../put-mesh-in-force.ts';
import type { StateFolder } from '../state-folder.ts';
import { controlPlaneSpec, envoySpec, natsServerSpec, sidecarSpec, type UpPlan } from '../up/child-specs.ts';
import { type ExampleServices, startExampleServices } from '../up/example-services.ts';
import { UpReporter } from '../up/up-reporter.ts';

interface UpOptions {
  readonly nodes: number;
  readonly mesh?: string;
  readonly meshFile?: string;
  readonly example?: true;
  readonly portBase?: PortChoice;
  readonly envoyWorkers: number;
}

const DEFAULT_MESH = 'shop';

export function upCommand(context: CliContext): Command {
  return new Command('up')
    .description('run a whole mesh here: nats-server, control plane, and per node a sidecar and an Envoy')
    .option('--nodes <count>', 'how many Envoys, each with its sidecar', parseCount, 1)
    .option('--mesh-file <file>', 'apply this file once the mesh runs, and enrol its workloads')
    .option('--mesh <name>', `name of the mesh; default: that of the mesh file, else ${DEFAULT_MESH}`)
    .option('--example', 'also run the services of the example mesh')
    .option('--port-base <port>', 'first of consecutive ports; 0 or auto: all chosen by the OS', parsePortChoice)
    .option('--envoy-workers <count>', 'worker threads of each Envoy', parseCount, 1)
    .action(async (_options, command: Command) => {
      const call = invocation<UpOptions>(context, command);
      await refuseSecondMesh(call.state);
      await runUntilSignal(call);
    });
}

async function refuseSecondMesh(state: StateFolder): Promise<void> {
  const running = state.running();
  if (running !== null && (await tcpOpen(running.ports.grpc))) {
    throw new CliError(
      EXIT.refused,
      `a mesh runs already in ${state.path} (process ${running.pid})`,
      'Stop it, or give this one another --state-dir.',
    );
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
    envoyWorkers: options.envoyWorkers,
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
