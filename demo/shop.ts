import { ChildProgram, jsonField } from './child-program.ts';
import type { EmbeddedMesh } from './embedded-mesh.ts';
import { programPath } from './program-path.ts';
import { DEMO_PAYMENT } from './story.ts';

/** The services of the demo as child processes: payment in one of its own, so that it can die alone. */
export class Shop {
  private readonly mesh: EmbeddedMesh;
  private readonly ports: Readonly<Record<string, number>>;
  private readonly running: ChildProgram[] = [];
  private payment: ChildProgram | null = null;

  constructor(mesh: EmbeddedMesh, ports: Readonly<Record<string, number>>) {
    this.mesh = mesh;
    this.ports = ports;
  }

  async start(): Promise<void> {
    await this.startPayment();
    await this.serve(Object.keys(this.ports).filter((name) => name !== 'payment'));
  }

  /** Kills payment without a word to anybody. */
  async killPayment(): Promise<void> {
    this.payment?.signal('SIGKILL');
    await this.payment?.exited;
  }

  async startPayment(): Promise<void> {
    this.payment = await this.serve(['payment']);
  }

  async stop(): Promise<void> {
    await Promise.all(this.running.map((program) => program.stop()));
  }

  private async serve(names: readonly string[]): Promise<ChildProgram> {
    const { mesh } = this;
    const program = new ChildProgram({
      command: process.execPath,
      args: [
        programPath('demo/services/main'),
        ...['--listen', names.map((name) => `${name}=${this.ports[name]}`).join(',')],
        ...['--mesh', `127.0.0.1:${mesh.meshPorts.join(',')}`],
        ...['--capacity-address', mesh.grpcAddress, '--secrets-dir', mesh.secretsDir],
        ...['--workers', `${DEMO_PAYMENT.workers}`, '--service-ms', `${DEMO_PAYMENT.serviceMs}`],
      ],
    });
    this.running.push(program);
    await program.first(jsonField('listening'));
    return program;
  }
}
