import { choosePorts, DEFAULT_PORTS, type MeshPorts } from '../../platform/ports.ts';
import { httpOk, tcpOpen } from '../../platform/readiness.ts';
import { CliError } from '../cli-error.ts';
import type { Invocation } from '../context.ts';
import { serverAddress, withAdmin } from '../grpc-connection.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** Leeway that claims and timestamps are read with (CONTRACT §A). */
const CLOCK_LEEWAY_MS = 2_000;

/** Is there a mesh, and do its parts answer? Without one: are the ports free for it? */
export async function checkConnections(call: Invocation<unknown>): Promise<Finding[]> {
  const running = call.state.running();
  const doors = running === null ? [await checkPorts()] : await checkDoors(running.ports);
  return [...doors, ...(await checkControlPlane(call, running !== null))];
}

async function checkPorts(): Promise<Finding> {
  const chosen = await choosePorts('defaults', 1);
  const [node] = chosen.nodes;
  const actual: Record<string, number> = { ...chosen, ...node, nodes: 0 };
  const taken = Object.entries(DEFAULT_PORTS).filter(([name, port]) => actual[name] !== port);
  return taken.length === 0
    ? ok('ports', 'the default ports are free')
    : warn(
        'ports',
        `taken: ${taken.map(([name, port]) => `${port} (${name})`).join(', ')}`,
        '"capmesh up" takes others instead; --port-base chooses a range.',
      );
}

async function checkDoors(ports: MeshPorts): Promise<Finding[]> {
  const log = 'Its log is in the state folder under logs/.';
  const nats = (await tcpOpen(ports.nats))
    ? ok('NATS', `answers on port ${ports.nats}`)
    : fail('NATS', `nothing on port ${ports.nats}`, log);
  const envoys = ports.nodes.map(async ({ admin, mesh }, index) =>
    (await httpOk(`http://127.0.0.1:${admin}/ready`))
      ? ok(`Envoy ${index + 1}`, `ready; mesh listener on port ${mesh}`)
      : fail(`Envoy ${index + 1}`, `not ready on admin port ${admin}`, log),
  );
  return [nats, ...(await Promise.all(envoys))];
}

async function checkControlPlane(call: Invocation<unknown>, expected: boolean): Promise<Finding[]> {
  const address = serverAddress(call);
  try {
    const status = await withAdmin(call, (admin) => admin.call(admin.client.getStatus, {}));
    const skewMs = call.context.clock.wallMs() - (status.at?.seconds ?? 0) * 1000 - (status.at?.nanos ?? 0) / 1e6;
    return [
      ok('control plane', `${address}, mesh ${status.mesh} is ${status.stability}`),
      Math.abs(skewMs) <= CLOCK_LEEWAY_MS
        ? ok('clock', `${Math.round(skewMs)} ms from the control plane's`)
        : warn(
            'clock',
            `${Math.round(skewMs)} ms from the control plane's`,
            'Set both clocks (NTP): tokens allow 2 s.',
          ),
    ];
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const say = expected ? fail : warn;
    return [say('control plane', error.message, error.hint)];
  }
}
