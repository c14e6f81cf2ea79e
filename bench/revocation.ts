/**
 * How long a revoked token still works: from the command to the first refusal,
 * at each of several real Envoys with sidecars of their own, over many tokens.
 * Void where an Envoy never refused, or refused before the command.
 *
 * `--nodes 4 --tokens 100`
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { AdminApi } from '../demo/admin-api.ts';
import { EmbeddedMesh } from '../demo/embedded-mesh.ts';
import { requestCapacity } from '../demo/services/request-capacity.ts';
import { systemClock } from '../platform/clock.ts';
import { quantilesOf } from './incidents/parts.ts';
import { firstAnswer, type Probe } from './revocation/first-answer.ts';

const PROMISE_MS = 1000;
const WORKLOAD = 'caller';
const SERVICE = 'echo';

const { values } = parseArgs({
  options: { nodes: { type: 'string', default: '4' }, tokens: { type: 'string', default: '100' } },
});
const [nodes, tokens] = [Number(values.nodes), Number(values.tokens)];

const folder = mkdtempSync(join(tmpdir(), 'capmesh-revocation-'));
const stops: (() => unknown)[] = [];
const latenciesMs: number[] = [];
let voided = 0;
try {
  const echo = createServer((_request, response) => response.end('ok'));
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  stops.push(
    () => echo.close(),
    () => echo.closeAllConnections(),
  );
  const endpoint = `127.0.0.1:${(echo.address() as AddressInfo).port}`;
  const meshFile = join(folder, 'mesh.yaml');
  const document = {
    mesh: 'bench',
    services: { [SERVICE]: { endpoints: [endpoint] } },
    workloads: { [WORKLOAD]: {} },
    budgets: { [WORKLOAD]: { [SERVICE]: {} } },
  };
  writeFileSync(meshFile, JSON.stringify(document));
  const mesh = await EmbeddedMesh.start({ meshFile, stateDir: join(folder, 'state'), nodes });
  stops.push(() => mesh.stop());
  const admin = new AdminApi(mesh.grpcAddress, mesh.adminToken());
  stops.push(() => admin.close());
  const secret = readFileSync(mesh.secretFile(WORKLOAD), 'utf8').trim();
  const agent = new Agent({ keepAlive: true });
  stops.push(() => agent.destroy());
  for (let round = 0; round < tokens; round += 1) {
    const asked = { address: mesh.grpcAddress, workload: WORKLOAD, secret, lifetimeSeconds: 600 };
    const { capacityToken: token, grantId } = await requestCapacity(asked);
    const probes = mesh.meshPorts.map((port): Probe => ({ port, service: SERVICE, token, agent }));
    await Promise.all(probes.map((probe) => firstAnswer(probe, ({ status }) => status === 200)));
    const commandMs = systemClock.monotonicMs();
    const refusals = probes.map((probe) => firstAnswer(probe, ({ denied }) => denied === 'token-revoked'));
    await admin.revokeToken(grantId);
    for (const atMs of await Promise.all(refusals)) {
      if (atMs === null) voided += 1;
      else latenciesMs.push(atMs - commandMs);
    }
  }
} finally {
  for (const stop of stops.reverse()) await stop();
  rmSync(folder, { recursive: true, force: true });
}
const { p50Ms, p99Ms } = quantilesOf(latenciesMs);
const maxMs = Math.round(Math.max(...latenciesMs));
const found = { nodes, tokens, measured: latenciesMs.length, void: voided, p50Ms, p99Ms, maxMs };
console.log(JSON.stringify({ revocation: found }));
process.exitCode = voided === 0 && latenciesMs.length === nodes * tokens && p99Ms < PROMISE_MS ? 0 : 1;
