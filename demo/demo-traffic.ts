import { ChildProgram, jsonField } from './child-program.ts';
import type { EmbeddedMesh } from './embedded-mesh.ts';
import { programPath } from './program-path.ts';
import type { TrafficNow } from './status-lines.ts';
import type { Chapter } from './story.ts';
import type { AnswerTotals } from './traffic/answer-counts.ts';
import { mergeTotals } from './traffic/merge-totals.ts';
import type { PhaseReport } from './traffic/traffic-source.ts';

interface Source {
  readonly workload: string;
  readonly service: string;
  readonly phases: string;
}

/** The callers of the demo, each a process with a token of its own: the web, and the tenant `reports`. */
export class DemoTraffic {
  private readonly programs: ChildProgram[];
  private web: TrafficNow | null = null;

  constructor(mesh: EmbeddedMesh, chapters: readonly Chapter[], repeat: boolean) {
    const web = chapters.map(({ name, seconds, webRps }) => `${name}:${seconds}:${webRps}`);
    const reports = chapters.map(
      ({ name, seconds, reportsRps, reportsWork }) => `${name}:${seconds}:${reportsRps}:${reportsWork}`,
    );
    const sources: readonly Source[] = [
      { workload: 'web', service: 'storefront', phases: web.join(',') },
      { workload: 'reports', service: 'inventory', phases: reports.join(',') },
    ];
    this.programs = sources.map((source) => this.program(mesh, source, repeat));
  }

  /** What the web does at the moment. */
  get now(): TrafficNow | null {
    return this.web;
  }

  /** Resolves when all offer calls. */
  async started(): Promise<void> {
    await Promise.all(this.programs.map((program) => program.first(jsonField('started'))));
  }

  /** Resolves when all have ended. */
  async totals(): Promise<AnswerTotals> {
    const reports = await Promise.all(
      this.programs.map((program) => program.first(jsonField<PhaseReport[]>('phases'))),
    );
    return mergeTotals(reports.flat());
  }

  /** Ends the traffic early; `totals` says what was sent. */
  interrupt(): void {
    for (const program of this.programs) program.signal('SIGTERM');
  }

  async stop(): Promise<void> {
    await Promise.all(this.programs.map((program) => program.stop()));
  }

  private program(mesh: EmbeddedMesh, { workload, service, phases }: Source, repeat: boolean): ChildProgram {
    return new ChildProgram({
      command: process.execPath,
      args: [
        programPath('demo/traffic/main'),
        ...['--ports', mesh.meshPorts.join(','), '--authority', service, '--phases', phases],
        ...(repeat ? ['--repeat'] : []),
        ...['--capacity-address', mesh.grpcAddress, '--workload', workload],
        ...['--secret-file', mesh.secretFile(workload)],
      ],
      onLine: (line) => {
        const second = workload === 'web' ? jsonField<PhaseReport>('second')(line) : undefined;
        if (second) this.web = { phase: second.name, offeredRps: second.offered, okRps: second.ok };
      },
    });
  }
}
