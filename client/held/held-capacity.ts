import { EventEmitter } from 'node:events';
import { DURATION_DEFAULT_MS, DURATION_MAX_MS } from '../../core/admission/grant.ts';
import type { AdmittedCapacity, CapacityRequest, NotAdmitted } from '../capacity-request.ts';
import { CapmeshError } from '../capmesh-error.ts';
import { backOffMs, spreadMs, type Timing } from '../timing.ts';
import type { CapacityAdvice, GrantSource, HeldEvents, HoldOptions, LostGrant } from './hold-options.ts';

interface Held {
  readonly grant: AdmittedCapacity;
  /** Monotonic milliseconds; never later than the control plane thinks. */
  readonly endsAtMs: number;
}

/** Part of a grant's life after which it is renewed, and how far chance may move that. */
const RENEW_AT = 0.6;
const RENEW_SPREAD = 0.2;
const BACK_OFF = { firstMs: 200, maxMs: 30_000 };
/** A token that is refused is renewed at once, but not again before this time. */
const REPLACE_AGAIN_MS = 5000;

/**
 * Keeps capacity granted for as long as it is not closed: renews the token
 * between 60 and 80 % of its life (in place, so that the account is charged once;
 * where nothing is charged, side by side, so that no call meets the change), keeps it while the control plane is away or
 * refuses, and asks from scratch where the grant is gone. Between two questions
 * there is always a pause. It never keeps the process alive, unless somebody
 * waits in `ready`.
 */
export class HeldCapacity extends EventEmitter<HeldEvents> {
  readonly #source: GrantSource;
  readonly #request: CapacityRequest;
  readonly #timing: Timing;
  readonly #onAdvice: (advice: CapacityAdvice) => void;
  /** Nothing is charged for the request, so two of its grants may live side by side. */
  readonly #isFree: boolean;
  readonly #waiters = new Set<() => void>();
  #held: Held | null = null;
  /** Why no token is held. */
  #why: CapmeshError;
  #failures = 0;
  #asking: Promise<void> | null = null;
  #nextAskMs = 0;
  #replacedMs = Number.NEGATIVE_INFINITY;
  #wake = new AbortController();
  #closing: Promise<void> | null = null;

  constructor(source: GrantSource, request: CapacityRequest, timing: Timing, { onAdvice }: HoldOptions = {}) {
    super();
    this.#source = source;
    this.#request = request;
    this.#timing = timing;
    const { cInt = null, cPtr = null, cObs = null } = request.capacityVector ?? {};
    this.#isFree = cInt === null && cPtr === null && cObs === null;
    this.#onAdvice = onAdvice ?? (() => {});
    this.#why = new CapmeshError('closed', source.address, 'nothing was asked yet');
    void this.#keep();
  }

  /** The token that is held. While there is none: what the question under way brings, or why there is none. */
  async token(): Promise<string> {
    if (this.#live() === null) await this.#asking;
    const held = this.#live();
    if (held === null) throw this.#why;
    return held.grant.capacityToken;
  }

  /** The token, however long that takes. Rejects when this is closed. */
  async ready(): Promise<string> {
    while (this.#live() === null && this.#closing === null) {
      await new Promise<void>((resolve) => {
        this.#waiters.add(resolve);
        this.#wake.abort();
      });
    }
    return this.token();
  }

  /**
   * Tells that a sidecar refused a token with 401; answers the one to use instead, `null` where there is none. The
   * grant is renewed at once, so one that was revoked is noticed before its time.
   */
  async replace(token: string): Promise<string | null> {
    const nowMs = this.#timing.clock.monotonicMs();
    const isHeld = (): boolean => this.#live()?.grant.capacityToken === token;
    if (isHeld() && this.#closing === null) {
      if (this.#asking === null && nowMs < this.#replacedMs + REPLACE_AGAIN_MS) return null;
      this.#replacedMs = nowMs;
      await this.#ask(true);
    }
    return isHeld() ? null : this.token().catch(() => null);
  }

  /** Stops renewing and gives the grant back; where nobody can be told, it ends by itself. */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    this.#wake.abort();
    await this.#asking;
    const held = this.#live();
    this.#held = null;
    this.#why = new CapmeshError('closed', this.#source.address, 'the held capacity was closed');
    this.#letGo();
    const { workloadId } = this.#request;
    if (held !== null) await this.#source.release({ workloadId, grantId: held.grant.grantId }).catch(() => false);
    this.#tell('closed');
  }

  async #keep(): Promise<void> {
    while (this.#closing === null) {
      await this.#ask(!this.#isFree);
      await this.#rest();
    }
  }

  /** Waits until the next question is due; notices meanwhile when the grant ends. */
  async #rest(): Promise<void> {
    for (;;) {
      const nowMs = this.#timing.clock.monotonicMs();
      if (this.#held !== null && this.#held.endsAtMs <= nowMs) this.#lose(this.#held, 'expired');
      if (this.#closing !== null || nowMs >= this.#nextAskMs) return;
      const untilMs = Math.min(this.#nextAskMs, this.#held?.endsAtMs ?? Number.POSITIVE_INFINITY);
      this.#wake = new AbortController();
      await this.#timing.sleep(untilMs - nowMs, { signal: this.#wake.signal, ref: this.#waiters.size > 0 });
    }
  }

  /**
   * One question at a time; whoever comes meanwhile shares it.
   *
   * @param inPlace of the grant that is held, whose token is refused from then on; else that one ends by itself
   */
  #ask(inPlace: boolean): Promise<void> {
    this.#asking ??= this.#askOnce(inPlace).then((pauseMs) => {
      this.#asking = null;
      this.#nextAskMs = this.#timing.clock.monotonicMs() + pauseMs;
      this.#wake.abort();
    });
    return this.#asking;
  }

  /** Answers the pause until the next question, ms. */
  async #askOnce(inPlace: boolean): Promise<number> {
    const { workloadId, durationMs } = this.#request;
    const held = this.#live();
    const sentMs = this.#timing.clock.monotonicMs();
    try {
      const response =
        held === null || !inPlace
          ? await this.#source.requestCapacity(this.#request)
          : await this.#source.renew({ workloadId, grantId: held.grant.grantId, durationMs });
      return response.admitted ? this.#accept(response, sentMs) : this.#refused(response);
    } catch (error) {
      return this.#failed(CapmeshError.from(error, this.#source.address), held);
    }
  }

  #accept(grant: AdmittedCapacity, sentMs: number): number {
    const lifeMs = this.#request.durationMs ?? DURATION_DEFAULT_MS;
    this.#held = { grant, endsAtMs: sentMs + lifeMs };
    this.#failures = 0;
    this.#why = new CapmeshError('timeout', this.#source.address, 'the grant ended before it was renewed');
    this.#letGo();
    this.#tell('renewed', grant);
    const renewAtMs = sentMs + lifeMs * (RENEW_AT + RENEW_SPREAD * this.#timing.random());
    return renewAtMs - this.#timing.clock.monotonicMs();
  }

  #refused(refusal: NotAdmitted): number {
    const { gatesFailed, message, retryAfterMs } = refusal;
    this.#failures += 1;
    this.#why = new CapmeshError('refused', this.#source.address, `not admitted: ${message}`, refusal);
    this.#tell('refused', refusal);
    queueMicrotask(() => this.#onAdvice({ gatesFailed, message }));
    const askedMs = spreadMs(Math.min(retryAfterMs, DURATION_MAX_MS), this.#timing.random());
    return Math.max(askedMs, this.#backOffMs());
  }

  async #failed(error: CapmeshError, held: Held | null): Promise<number> {
    this.#why = error;
    if (held !== null && error.code === 'not-found') {
      this.#lose(held, 'revoked');
      return this.#askOnce(true);
    }
    this.#failures += 1;
    const pauseMs = this.#backOffMs();
    this.#tell('failed', error, pauseMs);
    return pauseMs;
  }

  #lose({ grant: { grantId } }: Held, reason: LostGrant['reason']): void {
    this.#held = null;
    this.#tell('lost', { grantId, reason });
  }

  #live(): Held | null {
    const held = this.#held;
    return held !== null && this.#timing.clock.monotonicMs() < held.endsAtMs ? held : null;
  }

  #backOffMs(): number {
    return backOffMs(BACK_OFF, this.#failures, this.#timing.random());
  }

  #letGo(): void {
    for (const resolve of this.#waiters) resolve();
    this.#waiters.clear();
  }

  /** Apart from our own steps: a listener that throws does not stop the renewals. */
  #tell<Name extends keyof HeldEvents>(name: Name, ...args: HeldEvents[Name]): void {
    queueMicrotask(() => (this as EventEmitter).emit(name, ...args));
  }
}
