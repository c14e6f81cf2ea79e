import { setTimeout as delay } from 'node:timers/promises';
import type { GrantRequest } from '../../core/admission/admit-grant.ts';
import type { Clock } from '../../platform/clock.ts';
import type { GrantOutcome } from '../admission/admit-into.ts';
import { GrantHome, type GrantHomeOptions } from './grant-home.ts';
import { GrantPasser } from './grant-passer.ts';
import type { ReplicaProcess } from './home-of.ts';

export interface AccountHomesOptions extends Omit<GrantHomeOptions, 'process'> {
  readonly self: ReplicaProcess;
  /** The other replicas that live, and whether they are homes. */
  readonly others: () => readonly (ReplicaProcess & { readonly isHome: boolean })[];
  /** Whether gates cannot be judged here. */
  readonly isBlind: () => boolean;
  /** Whether NATS can be reached. */
  readonly isReachable: () => boolean;
  /** This replica is a home, or is none any more: others should know at once. */
  readonly onChange: () => void;
  readonly clock: Clock;
}

/** From saying that it leaves until every other replica has heard it. */
const LEAVE_MS = 150;

/** The replicas that accounts are at home at: this one as one of them, and its way to the others. */
export class AccountHomes {
  readonly #options: AccountHomesOptions;
  readonly #home: GrantHome;
  readonly #passer: GrantPasser;
  #isOpen = true;

  constructor(options: AccountHomesOptions) {
    this.#options = options;
    const { self, others } = options;
    this.#home = new GrantHome({ ...options, process: self.process });
    const homes = (): ReplicaProcess[] => [...(this.isHome ? [self] : []), ...others().filter(({ isHome }) => isHome)];
    this.#passer = new GrantPasser({ ...options, homes });
    options.onChange();
  }

  /** Whether accounts are at home here. A replica that can judge no gate leaves them to those that can. */
  get isHome(): boolean {
    return this.#isOpen && !this.#options.isBlind();
  }

  /** Requests that were passed on since the start. */
  get passed(): number {
    return this.#passer.passed;
  }

  /** Those of them that were decided here after all. */
  get takenBack(): number {
    return this.#passer.takenBack;
  }

  /** See `GrantPasser.ask`. */
  ask(request: GrantRequest, grantId: string): Promise<GrantOutcome | null> {
    return this.#passer.ask(request, grantId);
  }

  /** Tells the others that nothing is at home here any more; what they pass on until they have heard it is decided. */
  async leave(): Promise<void> {
    const { others, onChange } = this.#options;
    this.#isOpen = false;
    onChange();
    if (others().length > 0) await delay(LEAVE_MS);
  }

  /** Answers what it has, and neither takes nor passes on anything more. */
  async stop(): Promise<void> {
    await this.#home.stop();
    this.#passer.stop();
  }
}
