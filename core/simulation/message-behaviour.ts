/** How messages between control plane and nodes travel. */
export interface MessageBehaviour {
  /** From the sidecar to the kernel, ms. */
  readonly frameDelayMs: number;
  /** Share of the frames that are lost, 0 … 1. */
  readonly frameLossRatio: number;
  /** From a decision to the sidecar, ms. */
  readonly leaseDelayMs: number;
  /** Share of the leases that are lost, 0 … 1. */
  readonly leaseLossRatio: number;
  /** From a decision to the breakers of the Envoys, ms; xDS loses nothing. */
  readonly planDelayMs: number;
}

/** Nothing is lost; a decision acts after 80 ms, as in the trials of the control law. */
export const MESSAGES_DEFAULT: MessageBehaviour = {
  frameDelayMs: 0,
  frameLossRatio: 0,
  leaseDelayMs: 80,
  leaseLossRatio: 0,
  planDelayMs: 80,
};
