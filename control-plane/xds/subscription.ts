import type { Resource } from '../../envoy/resource.ts';
import type { ResourceSet } from '../../envoy/snapshot.ts';
import type { NodeRecord } from './node-record.ts';
import { WILDCARD_TYPES } from './resource-order.ts';

/** What a client holds under one name; the resource itself is unknown where only a version was announced. */
export interface Held {
  readonly version: string;
  readonly resource: Resource | null;
}

export interface InFlight {
  readonly nonce: string;
  readonly sent: readonly Resource[];
  /** What was held under each sent name before. */
  readonly before: ReadonlyMap<string, Held | undefined>;
  readonly sinceMs: number;
}

/** What is to be sent of one type. */
export interface Pending {
  readonly changes: readonly Resource[];
  /** Names subscribed by name that do not exist and about which the client has not been told. */
  readonly absent: readonly string[];
  /** Held but no longer served. */
  readonly removals: readonly string[];
}

const NOTHING: Pending = { changes: [], absent: [], removals: [] };

/** One client's interest in one resource type, and what it holds of it. At most one response is unanswered. */
export class Subscription {
  readonly typeUrl: string;
  wildcard = false;
  readonly names = new Set<string>();
  readonly held = new Map<string, Held>();
  inFlight: InFlight | null = null;
  /** Nonce of the newest response; empty before the first. */
  lastNonce = '';
  /** The client has asked for this type on this stream. */
  asked = false;
  /** Set from the first request on until its answer, which is sent even if empty. */
  mustAnswer = false;
  /** Groups to be sent apart after a refusal that blames nobody; the last one is next. */
  readonly suspects: Set<string>[] = [];
  /** Moves with every change of what the client wants or holds. */
  revision = 0;
  #toldAbsent = new Set<string>();
  #resend = new Set<string>();
  #examined = '';
  #pending: Pending = NOTHING;
  #wantsAllAsked = '';
  #wantsAll = false;

  constructor(typeUrl: string) {
    this.typeUrl = typeUrl;
  }

  /** Takes the first request of this type on the stream, with what the client held before. */
  firstAsked(isWildcard: boolean, initialVersions: Readonly<Record<string, string>>): void {
    this.asked = true;
    this.mustAnswer = true;
    this.wildcard = isWildcard;
    for (const [name, version] of Object.entries(initialVersions)) this.held.set(name, { version, resource: null });
    this.revision += 1;
  }

  /** Adds names; they are sent even if the client holds them, as the protocol asks. */
  subscribe(names: readonly string[]): void {
    for (const name of names) {
      if (name === '*' && WILDCARD_TYPES.has(this.typeUrl)) this.wildcard = true;
      else if (!this.names.has(name)) {
        this.names.add(name);
        this.#toldAbsent.delete(name);
      } else this.#resend.add(name);
    }
    this.revision += 1;
  }

  unsubscribe(names: readonly string[]): void {
    for (const name of names) {
      if (name === '*') this.wildcard = false;
      this.names.delete(name);
      this.#toldAbsent.delete(name);
      this.#resend.delete(name);
      if (!this.wildcard) this.held.delete(name);
    }
    this.revision += 1;
  }

  /** Names of a state-of-the-world request: they replace all before. */
  replaceNames(names: readonly string[]): void {
    const wanted = new Set(names);
    if (wanted.size === this.names.size && names.every((name) => this.names.has(name))) return;
    this.unsubscribe([...this.names].filter((name) => !wanted.has(name)));
    this.subscribe(names.filter((name) => !this.names.has(name)));
  }

  wants(name: string): boolean {
    return this.wildcard || this.names.has(name);
  }

  /** Everything that the client holds once it has taken what was sent. */
  heldResources(): Resource[] {
    return [...this.held.values()].flatMap(({ resource }) => resource ?? []);
  }

  /** Whether the client has asked for all that resources of the parent type, as it gets them, need. */
  wantsAll(parent: Subscription, parents: ResourceSet, node: NodeRecord): boolean {
    const asked = `${parents.version} ${node.revision} ${parent.revision} ${this.revision}`;
    if (asked !== this.#wantsAllAsked) {
      this.#wantsAllAsked = asked;
      this.#wantsAll = parent.inScope(parents, node).every(({ needs }) => needs === null || this.wants(needs.name));
    }
    return this.#wantsAll;
  }

  /** Makes sure that a resource is sent again though its content is the same. */
  sendAgain(name: string): void {
    this.#resend.add(name);
    this.revision += 1;
  }

  /** Served resources that this client wants, each as this node gets it. */
  inScope(set: ResourceSet, node: NodeRecord): Resource[] {
    const served = this.wildcard
      ? [...set.resources.values()]
      : [...this.names].flatMap((name) => set.resources.get(name) ?? []);
    return served.flatMap((resource) => node.effective(resource) ?? []);
  }

  /** What differs between what is served and what is held. Examined again only after something moved. */
  pending(set: ResourceSet, node: NodeRecord): Pending {
    const examined = `${set.version} ${node.revision} ${this.revision}`;
    if (examined === this.#examined) return this.#pending;
    this.#examined = examined;
    this.#pending = this.#compare(set, node);
    return this.#pending;
  }

  #compare(set: ResourceSet, node: NodeRecord): Pending {
    const scope = this.inScope(set, node);
    return {
      changes: scope.filter(({ name, version }) => this.held.get(name)?.version !== version || this.#resend.has(name)),
      absent: [...this.names].filter((name) => !set.resources.has(name) && !this.#toldAbsent.has(name)),
      removals: [...this.held.keys()].filter((name) => !set.resources.has(name)),
    };
  }

  /** Notes a response that is about to be written. */
  sending(inFlight: Omit<InFlight, 'before'>, absent: readonly string[], removed: readonly string[]): void {
    const before = new Map(inFlight.sent.map(({ name }) => [name, this.held.get(name)]));
    for (const resource of inFlight.sent) {
      this.held.set(resource.name, { version: resource.version, resource });
      this.#toldAbsent.delete(resource.name);
      this.#resend.delete(resource.name);
    }
    for (const name of absent) this.#toldAbsent.add(name);
    for (const name of removed) {
      this.held.delete(name);
      if (this.names.has(name)) this.#toldAbsent.add(name);
    }
    this.inFlight = { ...inFlight, before };
    this.lastNonce = inFlight.nonce;
    this.mustAnswer = false;
    this.revision += 1;
  }

  accepted(): void {
    this.inFlight = null;
    this.revision += 1;
  }

  /** Takes back what a refused response had sent: nothing of it may be relied on. */
  refused(): InFlight | null {
    const { inFlight } = this;
    this.inFlight = null;
    for (const { name, version } of inFlight?.sent ?? []) {
      const held = inFlight?.before.get(name);
      if (held === undefined) this.held.delete(name);
      else this.held.set(name, held);
      if (held?.version === version) this.#resend.add(name);
    }
    this.revision += 1;
    return inFlight;
  }
}
