import { type IncomingHttpHeaders, request } from 'node:http';
import type { Rollout } from '../../control-plane/xds/rollouts.ts';
import { XdsServer } from '../../control-plane/xds/xds-server.ts';
import type { CapacityPlan } from '../../core/allocators/capacity-plan.ts';
import { buildSnapshot } from '../../envoy/render-plan.ts';
import { buildRuntimeLayer } from '../../envoy/runtime-layer.ts';
import { systemClock } from '../../platform/clock.ts';
import { serveXds, type XdsEndpoint } from './ads-client.ts';
import { type EchoService, startEchoService } from './echo-service.ts';
import { type EnvoyProcess, startEnvoy } from './envoy-process.ts';
import type { Mode } from './fake-envoy.ts';
import { type MetricsSink, startMetricsSink } from './metrics-sink.ts';
import { quietLogger } from './quiet-logger.ts';
import { allow, deny, startAuthorizer, type TestAuthorizer } from './test-authorizer.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** xDS server, real Envoy, a small authorizer that takes the token for the workload's name, and a service. */
export interface EnvoyChain {
  readonly xds: XdsServer;
  readonly xdsPort: number;
  readonly envoy: EnvoyProcess;
  readonly authorizer: TestAuthorizer;
  readonly echo: EchoService;
  readonly sink: MetricsSink;
  /** Publishes the plan and its runtime layer; resolves when Envoy has acknowledged all of it. */
  apply(plan: CapacityPlan): Promise<Rollout>;
  call(host: string, headers?: Record<string, string>): Promise<Answer>;
  stop(): Promise<void>;
}

/** `planFor` gets the endpoint of the echo service. */
export async function startEnvoyChain(mode: Mode, planFor: (endpoint: string) => CapacityPlan): Promise<EnvoyChain> {
  const xds = new XdsServer({ clock: systemClock, logger: quietLogger });
  const endpoint: XdsEndpoint = await serveXds(xds);
  const echo = await startEchoService();
  const sink = await startMetricsSink();
  const authorizer = await startAuthorizer((check) => {
    const token = check.attributes?.request?.http?.headers?.['x-capacity-token'];
    return token ? allow(token) : deny(401, 'token-missing');
  });
  let revision = 1;
  const plan = planFor(echo.endpoint);
  xds.publishRuntime(buildRuntimeLayer(plan));
  xds.publish(buildSnapshot(plan), { revision, edited: true });
  const loopback = (port: number) => ({ host: '127.0.0.1', port });
  const envoy = await startEnvoy({
    nodeId: 'node-1',
    mode,
    controlPlane: loopback(endpoint.port),
    check: loopback(authorizer.port),
    sinks: loopback(sink.port),
  });
  return {
    xds,
    xdsPort: endpoint.port,
    envoy,
    authorizer,
    echo,
    sink,
    apply: async (next) => {
      revision += 1;
      xds.publishRuntime(buildRuntimeLayer(next));
      xds.publish(buildSnapshot(next), { revision, edited: true });
      const rollout = await xds.whenRolledOut(revision, 10_000);
      if (rollout?.nodesApplied !== 1) throw new Error(`not applied: ${JSON.stringify(rollout)}`);
      return rollout;
    },
    call: (host, headers = {}) => call(envoy.meshPort, host, headers),
    stop: async () => {
      await envoy.stop();
      endpoint.stop();
      sink.stop();
      await authorizer.stop();
      await echo.stop();
    },
  };
}

/** One HTTP/1.1 call on a connection of its own. */
export function call(port: number, host: string, headers: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, agent: false, headers: { host, ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
      response.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}
