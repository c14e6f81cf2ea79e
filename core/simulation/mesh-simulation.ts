import type { KernelState } from '../kernel/kernel-state.ts';
import type { ServiceView } from '../kernel/mesh-view.ts';
import { viewOf } from '../kernel/view-of.ts';
import type { MeshConfig } from '../mesh/mesh-config.ts';
import { throwProblems } from '../problem.ts';
import { Agenda } from './agenda.ts';
import { CallFlow } from './call-flow.ts';
import type { CallLoad } from './call-load.ts';
import type { Attempt, CallRoute, SimulatedService } from './call-route.ts';
import { type CallSource, CallSources, type InTime } from './call-sources.ts';
import { checkMessages, checkSimulation } from './check-simulation.ts';
import { MeshWatch } from './mesh-watch.ts';
import { MESSAGES_DEFAULT, type MessageBehaviour } from './message-behaviour.ts';
import { SecondMeter, type SimulatedSecond } from './second-meter.ts';
import type { RetryPolicy, ServiceBehaviour } from './service-behaviour.ts';
import { ServiceQueue } from './service-queue.ts';
import { SimulatedControl } from './simulated-control.ts';
import { SimulatedNode } from './simulated-node.ts';
import { type SimulationReport, simulationReport } from './simulation-report.ts';
import type { TimedAction } from './timed-action.ts';

export interface MeshSimulationOptions {
  readonly config: MeshConfig;
  /** Each service of the mesh, by name. */
  readonly services: Readonly<Record<string, ServiceBehaviour>>;
  /** From the start; `offer` changes them. */
  readonly loads?: readonly CallLoad[] | undefined;
  /** Uniform in [0, 1), for example `seededRandom(1)`; all chance comes from it. */
  readonly random: () => number;
  /** Envoys with a sidecar each; 2 by default. */
  readonly nodes?: number | undefined;
  /** How much calls prefer the first nodes: 1 = not at all; 1.3 by default. */
  readonly nodeSkew?: number | undefined;
  /** False = a mesh without Capmesh: the kernel watches and decides, and nodes are told, but let every call pass. */
  readonly enforced?: boolean | undefined;
  readonly messages?: Partial<MessageBehaviour> | undefined;
  /** Is told of every second when it is over. */
  readonly observe?: ((second: SimulatedSecond) => void) | undefined;
}

/** What may be changed of a service while the simulation runs. */
export type SimulatedPool = Pick<
  ServiceQueue<Attempt>,
  'slowness' | 'errorRatio' | 'unreachableRatio' | 'held' | 'startEndpoint' | 'stopEndpoint'
>;

const NODE_SKEW_DEFAULT = 1.3;

/**
 * A mesh of queues behind Envoys with sidecars, and the kernel that governs it, as
 * a discrete-event simulation: Poisson calls, shared servers, nodes that flush each
 * in its own rhythm and see a random part of the calls. Plans, leases and actions
 * are enforced by simulated breakers and by the product's own sidecar checks a
 * moment after each tick. Same options and same random numbers, same story.
 *
 * Throws a RangeError that names every mistake in the options by its path.
 */
export class MeshSimulation {
  readonly watch: MeshWatch;
  /** Simulated seconds since the start. */
  sec = 0;
  readonly #options: MeshSimulationOptions;
  readonly #agenda = new Agenda();
  readonly #services: ReadonlyMap<string, SimulatedService>;
  readonly #routes = new Map<string, CallRoute>();
  readonly #flow: CallFlow;
  readonly #sources: CallSources;
  readonly #control: SimulatedControl;
  readonly #meter: SecondMeter | null;
  #watchedFromSec = 0;

  constructor(options: MeshSimulationOptions) {
    const { config, services, loads = [], random, nodes = 2, nodeSkew = NODE_SKEW_DEFAULT, observe } = options;
    const messages = { ...MESSAGES_DEFAULT, ...options.messages };
    throwProblems(checkSimulation({ config, services, loads, messages, nodes, nodeSkew }));
    this.#options = options;
    this.#meter = observe ? new SecondMeter() : null;
    this.watch = new MeshWatch(this.#meter);
    this.#control = new SimulatedControl({ config, random, agenda: this.#agenda, watch: this.watch }, messages);
    this.#flow = new CallFlow(random, this.#agenda, this.watch.totals, () => this.#chooseNode());
    this.#services = this.#buildServices(config, services);
    this.#connectServices();
    this.#sources = new CallSources(random, this.#agenda, (nowSec, { route, workNow }: CallSource) =>
      this.#flow.begin(nowSec, route, workNow, null),
    );
    for (let i = 1; i <= nodes; i++) this.startNode(`node-${i}`);
    for (const { workload, service, rateRps, work = 1, retry } of loads) {
      this.offer(workload, service, rateRps, work, retry);
    }
  }

  get kernel(): KernelState {
    return this.#control.kernel;
  }

  /** Begins, changes and ends of actions that the kernel told of, in order. */
  get actions(): readonly TimedAction[] {
    return this.#control.actions;
  }

  /** Calls under way or waiting for a retry. */
  get underWay(): number {
    return this.#flow.underWay;
  }

  /** Sets what a workload offers a service, from the next second on. */
  offer(workload: string, service: string, rateRps: InTime, work: InTime = 1, retry: RetryPolicy | null = null): void {
    const route = this.#route(workload, service);
    route.retry = retry;
    this.#sources.set(route, rateRps, work);
  }

  /** The queue behind a service: its `slowness`, `errorRatio`, `unreachableRatio` and endpoints may be changed at any time. */
  pool(service: string): SimulatedPool {
    return this.#service(service).queue;
  }

  /** Changes how messages travel that are sent from now on. Throws a RangeError for what is out of range. */
  carryMessages(messages: Partial<MessageBehaviour>): void {
    const changed = { ...this.#control.messages, ...messages };
    throwProblems(checkMessages(changed));
    this.#control.messages = changed;
  }

  /** A node starts, or starts again: its counters begin at zero, and it has no lease yet. */
  startNode(name: string): void {
    const { nodes, clusters } = this.#control;
    const instance = `${nodes.get(name)?.instance ?? name}+`;
    const { enforced = true } = this.#options;
    this.#control.addNode(new SimulatedNode(name, instance, clusters, enforced, this.sec), this.sec);
  }

  stopNode(name: string): void {
    this.#control.removeNode(name);
  }

  /** @param seconds whole ones; a part of one is rounded up */
  run(seconds: number): void {
    for (const untilSec = this.sec + seconds; this.sec < untilSec; ) {
      this.#sources.beginSecond(this.sec);
      this.#agenda.runTo(this.sec + 1);
      this.sec++;
      if (this.#meter)
        this.#options.observe?.(this.#meter.second(this.sec, this.watch.totals, this.#view(), this.actions));
    }
  }

  /** Forgets what callers got and how gates stood so far: the report begins here. */
  restartWatch(): void {
    this.watch.restart();
    this.#watchedFromSec = this.sec;
  }

  /** What happened since the start, or since `restartWatch`. */
  report(): SimulationReport {
    return simulationReport(this.watch, this.#services.keys(), this.sec - this.#watchedFromSec);
  }

  /** What the kernel knows of a service now. */
  service(name: string): ServiceView {
    const view = this.#view().find((one) => one.service === name);
    if (!view) throw new RangeError(`no service ${name}`);
    return view;
  }

  #view(): readonly ServiceView[] {
    return viewOf(this.kernel, 1000 * this.sec).services;
  }

  #service(name: string): SimulatedService {
    const service = this.#services.get(name);
    if (!service) throw new RangeError(`no service ${name}`);
    return service;
  }

  #route(workload: string, service: string): CallRoute {
    const key = `${workload}/${service}`;
    const known = this.#routes.get(key);
    if (known) return known;
    const route: CallRoute = {
      workload,
      service,
      target: this.#service(service),
      prio: this.#options.config.workloads.get(workload)?.prio ?? 0,
      retry: null,
      story: this.watch.edge(workload, service),
    };
    this.#routes.set(key, route);
    return route;
  }

  #buildServices(
    config: MeshConfig,
    behaviours: Readonly<Record<string, ServiceBehaviour>>,
  ): Map<string, SimulatedService> {
    return new Map(
      Object.entries(behaviours).map(([name, behaviour]) => [
        name,
        {
          name,
          behaviour,
          queue: new ServiceQueue(behaviour, this.#agenda, this.#flow),
          timeoutSec: (config.services.get(name)?.timeoutMs ?? 0) / 1000,
          callees: [],
        },
      ]),
    );
  }

  /** Who calls whom: callers from outside aside, each service calls under its own name. */
  #connectServices(): void {
    for (const { name, behaviour, callees } of this.#services.values()) {
      for (const [callee, mean] of Object.entries(behaviour.calls ?? {})) {
        const route = this.#route(name, callee);
        route.retry = behaviour.retry ?? null;
        callees.push({ route, mean });
      }
    }
  }

  #chooseNode(): SimulatedNode | null {
    const { ready } = this.#control;
    const { random, nodeSkew = NODE_SKEW_DEFAULT } = this.#options;
    return ready[Math.floor(ready.length * random() ** nodeSkew)] ?? null;
  }
}
