import { describeExit } from '../../platform/managed-child.ts';
import type { SupervisorReport } from '../../platform/supervisor.ts';
import type { Invocation } from '../context.ts';
import { nodeName, type UpPlan } from './child-specs.ts';

type Pids = Readonly<Record<string, number>>;

/** Tells what `capmesh up` does, in lines or in JSON lines, and keeps `up.json` true. */
export class UpReporter {
  readonly #call: Invocation<unknown>;
  readonly #plan: UpPlan;
  readonly #examples: Readonly<Record<string, number>>;
  #isRunning = false;

  constructor(call: Invocation<unknown>, plan: UpPlan, examples: Readonly<Record<string, number>>) {
    this.#call = call;
    this.#plan = plan;
    this.#examples = examples;
  }

  child(report: SupervisorReport, pids: Pids): void {
    if (this.#isRunning) this.#write(pids);
    const { kind, name } = report;
    switch (kind) {
      case 'ready':
        this.#say({ event: 'started', name, pid: report.pid, restarts: report.restarts }, () =>
          report.restarts === 0 ? `${name} runs (process ${report.pid})` : `${name} runs again (process ${report.pid})`,
        );
        return;
      case 'exited':
        this.#say({ event: 'exited', name, exit: report.exit, restartInMs: report.restartInMs }, () => {
          const log = this.#plan.state.in('logs', `${name}.log`);
          return `${name} ${describeExit(report.exit)}; it starts again in ${report.restartInMs} ms. Log: ${log}`;
        });
        return;
      case 'killed':
        this.#say({ event: 'killed', name, pid: report.pid }, () => `${name} did not end by itself and was killed`);
        return;
      case 'stopped':
        this.#say({ event: 'stopped', name, exit: report.exit }, () => `${name} stopped`);
    }
  }

  /** From here on other commands find the mesh. */
  running(pids: Pids): void {
    this.#isRunning = true;
    this.#write(pids);
  }

  ready(elapsedMs: number, pids: Pids): void {
    const { ports, mesh, state } = this.#plan;
    const json = { event: 'ready', mesh, elapsedMs, stateDir: state.path, ports, examples: this.#examples, pids };
    this.#say(json, () => {
      const examples = Object.entries(this.#examples).map(([name, port]) => `${name} 127.0.0.1:${port}`);
      return [
        `  control plane  gRPC 127.0.0.1:${ports.grpc} · REST http://127.0.0.1:${ports.rest} · xDS 127.0.0.1:${ports.xds}`,
        ...ports.nodes.map(
          (node, index) =>
            `  ${nodeName(index).padEnd(13)}  mesh listener 127.0.0.1:${node.mesh} · Envoy admin http://127.0.0.1:${node.admin}`,
        ),
        ...(examples.length === 0 ? [] : [`  examples       ${examples.join(' · ')}`]),
        `ready in ${(elapsedMs / 1000).toFixed(1)} s: mesh ${mesh}; ^C stops it`,
      ].join('\n');
    });
  }

  #write(pids: Pids): void {
    const { state, mesh, ports } = this.#plan;
    state.writeRunning({ pid: process.pid, mesh, ports, examples: this.#examples, pids });
  }

  #say(json: object, line: () => string): void {
    const { context, options } = this.#call;
    context.out(options.json ? JSON.stringify(json) : line());
  }
}
