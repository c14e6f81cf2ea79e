import type { ResourceSet, Snapshot } from '../../envoy/snapshot.ts';
import { RESOURCE_TYPES } from '../../envoy/type-urls.ts';
import type { Clock } from '../../platform/clock.ts';
import { blamedBy, type Nack } from './nack.ts';
import type { NodeRecord } from './node-record.ts';
import { CHANGE_ORDER, NEEDED_BY, REMOVAL_ORDER, WILDCARD_TYPES } from './resource-order.ts';
import { Subscription } from './subscription.ts';
import type { XdsReply, XdsRequest } from './wire.ts';

/** Changed resources per response: more would stall the main thread of an Envoy for long. */
const CHANGES_MAX = 500;
/** Names that one client may ask for per type. */
const NAMES_MAX = 20_000;

export interface SessionTimes {
  /** How long a later type waits for an earlier one to be acknowledged. */
  readonly stageMs: number;
  /** After this long without an answer to a response the stream is given up. */
  readonly answerMs: number;
}

/** What a session does to the world. */
export interface SessionPort {
  /** Writes a response; `false` = no more until `drained()`. */
  write(reply: XdsReply): boolean;
  /** Asks for `wake()` after so many milliseconds, instead of any earlier request. */
  wakeAfter(ms: number): void;
  /** The node holds the snapshot of this version: everything has been sent and answered. */
  settled(version: string): void;
  nacked(nack: Nack): void;
  /** The stream cannot go on. */
  fail(reason: string): void;
}

/**
 * One stream of one node, of either protocol. Types are brought up to date in
 * make-before-break order, each after the one before is acknowledged (endpoints
 * go with their clusters); newer content replaces what has not been sent yet, so nothing queues.
 */
export class XdsSession {
  readonly mode: 'delta' | 'sotw';
  readonly record: NodeRecord;
  readonly #port: SessionPort;
  readonly #clock: Clock;
  readonly #times: SessionTimes;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #waitingSinceMs = new Map<string, number>();
  #snapshot: Snapshot | null = null;
  #nonce = 0;
  #blocked = false;

  constructor(mode: 'delta' | 'sotw', record: NodeRecord, port: SessionPort, clock: Clock, times: SessionTimes) {
    this.mode = mode;
    this.record = record;
    this.#port = port;
    this.#clock = clock;
    this.#times = times;
    for (const typeUrl of CHANGE_ORDER) this.#subscriptions.set(typeUrl, new Subscription(typeUrl));
  }

  publish(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    this.flush();
  }

  drained(): void {
    this.#blocked = false;
    this.flush();
  }

  receive(request: XdsRequest): void {
    const subscription = this.#subscriptions.get(request.typeUrl);
    if (subscription === undefined) return; // a type that we do not serve
    const isAnswer = request.nonce !== '' && request.nonce === subscription.inFlight?.nonce;
    if (this.mode === 'sotw' && isStale(request, subscription)) return;
    if (isAnswer) {
      if (request.refusal === null) subscription.accepted();
      else this.#refuse(subscription, request.refusal);
    }
    this.#applyNames(subscription, request);
    if (subscription.names.size > NAMES_MAX) {
      this.#fail(`more than ${NAMES_MAX} names of ${request.typeUrl}`);
      return;
    }
    this.flush();
  }

  #applyNames(subscription: Subscription, request: XdsRequest): void {
    if (!subscription.asked) {
      const wanted = request.names ?? request.subscribe;
      const isWildcard = wanted.length === 0 && WILDCARD_TYPES.has(request.typeUrl);
      subscription.firstAsked(isWildcard, request.initialVersions);
    }
    if (request.names !== null) subscription.replaceNames(request.names);
    else {
      if (request.unsubscribe.length > 0) subscription.unsubscribe(request.unsubscribe);
      if (request.subscribe.length > 0) subscription.subscribe(request.subscribe);
    }
  }

  #refuse(subscription: Subscription, message: string): void {
    const refused = subscription.refused();
    if (refused === null || refused.sent.length === 0) return;
    const names = refused.sent.map(({ name }) => name);
    const blamed = blamedBy(message, names);
    if (blamed.length === 0) {
      const middle = Math.ceil(names.length / 2);
      subscription.suspects.push(new Set(names.slice(middle)), new Set(names.slice(0, middle)));
      return;
    }
    for (const resource of refused.sent.filter(({ name }) => blamed.includes(name))) {
      const held = refused.before.get(resource.name);
      const lastGood = held?.version === resource.version ? null : (held?.resource ?? null);
      this.#port.nacked(this.record.quarantine(resource, lastGood, message, this.#clock.wallMs()));
    }
  }

  /** Sends whatever may be sent now. Call after anything has changed, and when `wakeAfter` is over. */
  flush(): void {
    if (this.#snapshot === null || this.#blocked) return;
    const isThrough = this.#flushChanges(this.#snapshot) && this.#flushRemovals(this.#snapshot);
    if (!isThrough || this.#waitingSinceMs.size > 0 || !this.#hasAskedForAll(this.#snapshot)) return;
    this.#port.settled(this.#snapshot.version);
  }

  #flushChanges(snapshot: Snapshot): boolean {
    let isHeldUp = false;
    for (const typeUrl of CHANGE_ORDER) {
      // Envoy acknowledges clusters only after they are warm, and for that it needs their endpoints.
      if (isHeldUp && typeUrl !== RESOURCE_TYPES.endpoints) return false;
      const subscription = this.#subscription(typeUrl);
      if (subscription.inFlight === null) this.#sendChanges(subscription, setOf(snapshot, typeUrl));
      if (this.#blocked) return false;
      const isSettled = subscription.inFlight === null && this.#hasWhatIsNeeded(snapshot, subscription);
      if (isSettled) this.#waitingSinceMs.delete(typeUrl);
      else if (!this.#isOverdue(subscription)) isHeldUp = true;
    }
    return !isHeldUp;
  }

  #sendChanges(subscription: Subscription, set: ResourceSet): void {
    const { changes, absent } = subscription.pending(set, this.record);
    const chosen = chooseChanges(subscription, changes);
    const tellAbsent = this.mode === 'delta' ? absent : [];
    if (chosen.length === 0 && tellAbsent.length === 0 && !subscription.mustAnswer) return;
    if (subscription.typeUrl === RESOURCE_TYPES.cluster) {
      // A changed cluster warms until its endpoints come once more, even if they are the same.
      for (const { needs } of chosen) if (needs !== null) this.#subscription(needs.typeUrl).sendAgain(needs.name);
    }
    this.#send(subscription, { changes: chosen, told: tellAbsent, removed: [] });
  }

  #flushRemovals(snapshot: Snapshot): boolean {
    for (const typeUrl of REMOVAL_ORDER) {
      const subscription = this.#subscription(typeUrl);
      if (subscription.inFlight !== null) continue;
      const set = setOf(snapshot, typeUrl);
      const { removals } = subscription.pending(set, this.record);
      if (removals.length === 0) continue;
      if (this.mode === 'sotw' && !subscription.wildcard) {
        // The protocol has no way to say so; the client lets go by itself.
        for (const name of removals) subscription.held.delete(name);
        subscription.revision += 1;
        continue;
      }
      this.#send(subscription, { changes: [], told: [], removed: removals });
      this.#isOverdue(subscription);
      return false;
    }
    return true;
  }

  #send(
    subscription: Subscription,
    content: { changes: XdsReply['changes']; told: readonly string[]; removed: readonly string[] },
  ): void {
    this.#nonce += 1;
    const nonce = `${this.#nonce}`;
    subscription.sending(
      { nonce, sent: content.changes, sinceMs: this.#clock.monotonicMs() },
      content.told,
      content.removed,
    );
    const isFree = this.#port.write({
      typeUrl: subscription.typeUrl,
      nonce,
      changes: content.changes,
      removed: [...content.told, ...content.removed],
      whole: () => subscription.heldResources(),
    });
    if (!isFree) this.#blocked = true;
  }

  /** Whether the client has asked for everything that resources which it wants need. */
  #hasWhatIsNeeded(snapshot: Snapshot, subscription: Subscription): boolean {
    const parentType = NEEDED_BY.get(subscription.typeUrl);
    if (parentType === undefined) return true;
    const parent = this.#subscription(parentType);
    return subscription.wantsAll(parent, setOf(snapshot, parentType), this.record);
  }

  /** A node that is still starting has not asked for everything that there is. */
  #hasAskedForAll(snapshot: Snapshot): boolean {
    return CHANGE_ORDER.every(
      (typeUrl) => this.#subscription(typeUrl).asked || setOf(snapshot, typeUrl).resources.size === 0,
    );
  }

  /** Whether a type has kept the later ones waiting long enough; until then asks to be woken. */
  #isOverdue(subscription: Subscription): boolean {
    const nowMs = this.#clock.monotonicMs();
    const { typeUrl, inFlight } = subscription;
    if (inFlight !== null && nowMs - inFlight.sinceMs >= this.#times.answerMs) {
      this.#fail(`no answer to a response of ${typeUrl}`);
      return false;
    }
    const sinceMs = this.#waitingSinceMs.get(typeUrl) ?? nowMs;
    this.#waitingSinceMs.set(typeUrl, sinceMs);
    const restMs = sinceMs + this.#times.stageMs - nowMs;
    const answerRestMs = inFlight === null ? this.#times.answerMs : inFlight.sinceMs + this.#times.answerMs - nowMs;
    this.#port.wakeAfter(restMs > 0 ? restMs : answerRestMs);
    return restMs <= 0;
  }

  #fail(reason: string): void {
    this.#blocked = true;
    this.#port.fail(reason);
  }

  #subscription(typeUrl: string): Subscription {
    const subscription = this.#subscriptions.get(typeUrl);
    if (subscription === undefined) throw new Error(`no subscription for ${typeUrl}`);
    return subscription;
  }
}

/**
 * A state-of-the-world request that answers an older response: a newer one of the
 * same client is under way. One that only changes names repeats the newest nonce.
 */
function isStale(request: XdsRequest, subscription: Subscription): boolean {
  return subscription.asked && request.nonce !== subscription.lastNonce;
}

/** At most one slice; after a refusal that blamed nobody, one group of suspects. */
function chooseChanges(subscription: Subscription, changes: XdsReply['changes']): XdsReply['changes'] {
  for (let group = subscription.suspects.pop(); group !== undefined; group = subscription.suspects.pop()) {
    const names = group;
    const chosen = changes.filter(({ name }) => names.has(name));
    if (chosen.length > 0) return chosen;
  }
  return changes.length > CHANGES_MAX ? changes.slice(0, CHANGES_MAX) : changes;
}

function setOf(snapshot: Snapshot, typeUrl: string): ResourceSet {
  const set = snapshot.sets.get(typeUrl);
  if (set === undefined) throw new Error(`snapshot without ${typeUrl}`);
  return set;
}
