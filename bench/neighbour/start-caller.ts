import { ChildProgram, jsonField } from '../../demo/child-program.ts';
import type { EmbeddedMesh } from '../../demo/embedded-mesh.ts';
import { programPath } from '../../demo/program-path.ts';
import type { PhaseReport } from '../../demo/traffic/traffic-source.ts';

export interface Caller {
  /** Resolves with the first call. */
  readonly started: Promise<unknown>;
  readonly phases: Promise<readonly PhaseReport[]>;
  stop(): Promise<unknown>;
}

/** A workload that calls a service from a process of its own; `RATE` in the phases stands for its rate. */
export function startCaller(
  mesh: EmbeddedMesh,
  workload: string,
  phases: string,
  rateRps: number,
  seed: number,
  service = 'payment',
): Caller {
  const program = new ChildProgram({
    command: process.execPath,
    args: [
      programPath('demo/traffic/main'),
      ...['--ports', mesh.meshPorts.join(','), '--authority', service, '--seed', `${seed}`],
      ...['--phases', phases.replaceAll('RATE', `${rateRps}`)],
      ...['--capacity-address', mesh.grpcAddress, '--workload', workload, '--secret-file', mesh.secretFile(workload)],
    ],
  });
  return {
    started: program.first(jsonField('started')),
    phases: program.first(jsonField<PhaseReport[]>('phases')),
    stop: () => program.stop(),
  };
}
