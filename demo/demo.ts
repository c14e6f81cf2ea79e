import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { packageRoot } from '../platform/package-root.ts';
import { AdminApi } from './admin-api.ts';
import { jsonField } from './child-program.ts';
import { demoMeshFile } from './demo-mesh-file.ts';
import { DemoTraffic } from './demo-traffic.ts';
import { EmbeddedMesh } from './embedded-mesh.ts';
import { LiveView } from './live-view.ts';
import { type DemoSummary, RunRecord } from './run-record.ts';
import { Shop } from './shop.ts';
import { starveProcess } from './starve-process.ts';
import { statusLines } from './status-lines.ts';
import { type Chapter, story } from './story.ts';

const STATUS_EVERY_MS = 1_000;
const NODES = 2;

/** One run of the demo: mesh, services and traffic as child processes, what befalls them, and the view of it. */
export class Demo {
  private readonly folder: string;
  private readonly seconds: number | null;
  private readonly recordTo: string | undefined;
  private readonly view = new LiveView(process.stdout);
  private readonly record = new RunRecord();
  private readonly stops: (() => Promise<unknown>)[] = [];
  private readonly over = new AbortController();
  private traffic: DemoTraffic | null = null;

  /**
   * @param folder for everything that need not outlive the run
   * @param seconds length of the run; `null` = until it is interrupted
   * @param recordTo folder for a recording of every decision
   */
  constructor(folder: string, seconds: number | null, recordTo?: string) {
    this.folder = folder;
    this.seconds = seconds;
    this.recordTo = recordTo;
  }

  /** Resolves when the traffic has ended; the caller stops the demo in any case. */
  async run(): Promise<DemoSummary> {
    const meshFile = await demoMeshFile(join(packageRoot(), 'demo', 'mesh.yaml'), join(this.folder, 'mesh.yaml'));
    const mesh = await this.startMesh(meshFile.path);
    const shop = await this.startShop(mesh, meshFile.ports);
    const admin = new AdminApi(mesh.grpcAddress, mesh.adminToken());
    this.stops.push(async () => admin.close());
    const chapters = story(this.seconds);
    const traffic = await this.startTraffic(mesh, chapters);
    const startMs = performance.now();
    this.followEvents(admin);
    const watching = [this.watch(admin, startMs), this.tell(chapters, startMs, mesh, shop)];
    const totals = await traffic.totals();
    this.over.abort();
    await Promise.all(watching);
    return this.record.summary(totals);
  }

  /** Ends the traffic, and with it the run; during start-up, what has been started so far. */
  interrupt(): void {
    if (this.traffic) this.traffic.interrupt();
    else void this.stop();
  }

  /** Ends every process that was started, the last one first. */
  async stop(): Promise<void> {
    this.over.abort();
    for (let stop = this.stops.pop(); stop; stop = this.stops.pop()) await stop();
  }

  private startMesh(meshFile: string): Promise<EmbeddedMesh> {
    this.view.note(`starting nats-server, control plane and ${NODES} Envoys with their ext-authz sidecars`);
    return EmbeddedMesh.start({
      meshFile,
      nodes: NODES,
      recordFolder: this.recordTo,
      stateDir: join(this.folder, 'state'),
      onProgress: (line) => this.view.note(`  ${progressText(line)}`),
      onStarted: (stop) => this.stops.push(stop),
    });
  }

  private async startShop(mesh: EmbeddedMesh, ports: Readonly<Record<string, number>>): Promise<Shop> {
    const listen = Object.entries(ports).map(([name, port]) => `${name}=${port}`);
    this.view.note(`starting the services: ${listen.join(' ')}`);
    const shop = new Shop(mesh, ports);
    this.stops.push(() => shop.stop());
    await shop.start();
    return shop;
  }

  private async startTraffic(mesh: EmbeddedMesh, chapters: readonly Chapter[]): Promise<DemoTraffic> {
    const traffic = new DemoTraffic(mesh, chapters, this.seconds === null);
    this.stops.push(() => traffic.stop());
    await traffic.started();
    this.traffic = traffic;
    return traffic;
  }

  private async watch(admin: AdminApi, startMs: number): Promise<void> {
    let lastMs = startMs;
    while (!this.over.signal.aborted) {
      await this.pause(STATUS_EVERY_MS);
      try {
        const status = await admin.status();
        const nowMs = performance.now();
        this.record.observe(status, (nowMs - startMs) / 1000, (nowMs - lastMs) / 1000);
        lastMs = nowMs;
        this.view.status(statusLines(status, (nowMs - startMs) / 1000, this.traffic?.now ?? null));
      } catch (error) {
        this.view.note(`status: ${(error as Error).message}`);
      }
    }
  }

  /** Goes through the chapters, over and over in a run without end, and makes the trouble that they tell of. */
  private async tell(chapters: readonly Chapter[], startMs: number, mesh: EmbeddedMesh, shop: Shop): Promise<void> {
    let endMs = startMs;
    do {
      for (const chapter of chapters) {
        if (this.over.signal.aborted) return;
        this.view.note(chapterLine(chapter));
        this.record.begin(chapter, (endMs - startMs) / 1000);
        endMs += 1000 * chapter.seconds;
        const relieve = await this.trouble(chapter, mesh, shop);
        await this.pause(endMs - performance.now());
        await relieve();
      }
    } while (this.seconds === null);
  }

  /** Resolves with the way to end it. */
  private async trouble({ trouble }: Chapter, mesh: EmbeddedMesh, shop: Shop): Promise<() => unknown> {
    switch (trouble) {
      case 'payment-down':
        await shop.killPayment();
        return () => shop.startPayment();
      case 'node-starved':
        return starveProcess(mesh.pids()[`node-${NODES}-envoy`] ?? 0);
      default:
        return () => {};
    }
  }

  private followEvents(admin: AdminApi): void {
    const events = admin.events();
    this.stops.push(async () => events.cancel());
    events.on('error', (error) => {
      if (!this.over.signal.aborted) this.view.note(`events: ${error.message}`);
    });
    let told = '';
    events.on('data', (event) => {
      if (event.actionTaken) this.record.act(event.actionTaken);
      // Every workload that calls the service is told the same.
      if ((event.kind !== 'action' && event.kind !== 'gate') || event.message === told) return;
      told = event.message;
      this.view.note(`${event.kind}: ${event.message}`);
    });
  }

  private async pause(ms: number): Promise<void> {
    await delay(Math.max(0, ms), undefined, { signal: this.over.signal }).catch(() => {});
  }
}

function chapterLine({ name, seconds, webRps, reportsWork, trouble }: Chapter): string {
  const heavy = reportsWork === 1 ? '' : `, each call of reports worth ${reportsWork}`;
  const what = trouble === undefined ? '' : `, ${trouble}`;
  return `== ${name}: ${seconds.toFixed(0)} s, ${webRps} calls/s from the web${heavy}${what}`;
}

/** A line of `capmesh up --json` in words; anything else stays as it is. */
function progressText(line: string): string {
  const event = jsonField<string>('event')(line);
  const name = jsonField<string>('name')(line) ?? '';
  if (event === 'ready') return `ready in ${((jsonField<number>('elapsedMs')(line) ?? 0) / 1000).toFixed(1)} s`;
  return event === undefined ? line : `${name} ${event}`;
}
