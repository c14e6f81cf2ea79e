import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { packageRoot } from '../platform/package-root.ts';
import { AdminApi } from './admin-api.ts';
import { ChildProgram, jsonField } from './child-program.ts';
import { demoMeshFile } from './demo-mesh-file.ts';
import { EmbeddedMesh } from './embedded-mesh.ts';
import { LiveView } from './live-view.ts';
import { DEMO_PAYMENT, demoPhases } from './phases.ts';
import { programPath } from './program-path.ts';
import { type DemoSummary, RunRecord } from './run-record.ts';
import { statusLines, type TrafficNow } from './status-lines.ts';
import { mergeTotals } from './traffic/merge-totals.ts';
import type { PhaseReport } from './traffic/traffic-source.ts';

const STATUS_EVERY_MS = 1_000;

/** One run of the demo: mesh, services and traffic as child processes, and the view of them. */
export class Demo {
  private readonly folder: string;
  private readonly seconds: number | null;
  private readonly view = new LiveView(process.stdout);
  private readonly record = new RunRecord();
  private readonly stops: (() => Promise<unknown>)[] = [];
  private readonly over = new AbortController();
  private traffic: ChildProgram | null = null;
  private trafficNow: TrafficNow | null = null;

  constructor(folder: string, seconds: number | null) {
    this.folder = folder;
    this.seconds = seconds;
  }

  /** Resolves when the traffic has ended; the caller stops the demo in any case. */
  async run(): Promise<DemoSummary> {
    const meshFile = await demoMeshFile(join(packageRoot(), 'demo', 'mesh.yaml'), join(this.folder, 'mesh.yaml'));
    const mesh = await this.startMesh(meshFile.path);
    await this.startServices(mesh, meshFile.ports);
    const admin = new AdminApi(mesh.grpcAddress, mesh.adminToken());
    this.stops.push(async () => admin.close());
    const reports = this.startTraffic(mesh);
    this.followActions(admin);
    const watching = this.watch(admin);
    const phases = await reports;
    this.over.abort();
    await watching;
    return this.record.summary(mergeTotals(phases));
  }

  /** Ends the traffic, and with it the run; during start-up, what has been started so far. */
  interrupt(): void {
    if (this.traffic) this.traffic.signal('SIGTERM');
    else void this.stop();
  }

  /** Ends every process that was started, the last one first. */
  async stop(): Promise<void> {
    this.over.abort();
    for (let stop = this.stops.pop(); stop; stop = this.stops.pop()) await stop();
  }

  private startMesh(meshFile: string): Promise<EmbeddedMesh> {
    this.view.note('starting nats-server, control plane, ext-authz sidecar and Envoy');
    return EmbeddedMesh.start({
      meshFile,
      stateDir: join(this.folder, 'state'),
      onProgress: (line) => this.view.note(`  ${progressText(line)}`),
      onStarted: (stop) => this.stops.push(stop),
    });
  }

  private async startServices(mesh: EmbeddedMesh, ports: Readonly<Record<string, number>>): Promise<void> {
    const listen = Object.entries(ports).map(([name, port]) => `${name}=${port}`);
    this.view.note(`starting the services: ${listen.join(' ')}`);
    const services = new ChildProgram({
      command: process.execPath,
      args: [
        programPath('demo/services/main'),
        ...['--listen', listen.join(','), '--mesh', `127.0.0.1:${mesh.node(0).meshPort}`],
        ...['--capacity-address', mesh.grpcAddress, '--secrets-dir', mesh.secretsDir],
        ...['--workers', `${DEMO_PAYMENT.workers}`, '--service-ms', `${DEMO_PAYMENT.serviceMs}`],
      ],
    });
    this.stops.push(() => services.stop());
    await services.first(jsonField('listening'));
  }

  private startTraffic(mesh: EmbeddedMesh): Promise<PhaseReport[]> {
    const phases = demoPhases(this.seconds);
    this.view.note(`traffic: ${phases.map(({ name, rateRps }) => `${name} ${rateRps}/s`).join(', ')}`);
    const traffic = new ChildProgram({
      command: process.execPath,
      args: [
        programPath('demo/traffic/main'),
        ...['--port', `${mesh.node(0).meshPort}`, '--authority', 'storefront'],
        ...['--phases', phases.map(({ name, seconds, rateRps }) => `${name}:${seconds}:${rateRps}`).join(',')],
        ...(this.seconds === null ? ['--repeat'] : []),
        ...['--capacity-address', mesh.grpcAddress, '--workload', 'web', '--secret-file', mesh.secretFile('web')],
      ],
      onLine: (line) => this.hear(jsonField<PhaseReport>('second')(line)),
    });
    this.stops.push(() => traffic.stop());
    this.traffic = traffic;
    return traffic.first(jsonField<PhaseReport[]>('phases'));
  }

  private hear(second: PhaseReport | undefined): void {
    if (second) this.trafficNow = { phase: second.name, offeredRps: second.offered, okRps: second.ok };
  }

  private async watch(admin: AdminApi): Promise<void> {
    const startMs = performance.now();
    let lastMs = startMs;
    while (!this.over.signal.aborted) {
      await delay(STATUS_EVERY_MS, undefined, { signal: this.over.signal }).catch(() => {});
      try {
        const status = await admin.status();
        const nowMs = performance.now();
        this.record.observe(status, (nowMs - lastMs) / 1000);
        lastMs = nowMs;
        this.view.status(statusLines(status, (nowMs - startMs) / 1000, this.trafficNow));
      } catch (error) {
        this.view.note(`status: ${(error as Error).message}`);
      }
    }
  }

  private followActions(admin: AdminApi): void {
    const events = admin.events();
    this.stops.push(async () => events.cancel());
    events.on('error', (error) => {
      if (!this.over.signal.aborted) this.view.note(`events: ${error.message}`);
    });
    events.on('data', (event) => {
      if (event.actionTaken) this.record.act(event.actionTaken);
      if (event.kind === 'action' || event.kind === 'gate') this.view.note(`${event.kind}: ${event.message}`);
    });
  }
}

/** A line of `capmesh up --json` in words; anything else stays as it is. */
function progressText(line: string): string {
  const event = jsonField<string>('event')(line);
  const name = jsonField<string>('name')(line) ?? '';
  if (event === 'ready') return `ready in ${((jsonField<number>('elapsedMs')(line) ?? 0) / 1000).toFixed(1)} s`;
  return event === undefined ? line : `${name} ${event}`;
}
