const PREFIX = 'victim/';

/** Whose latency is moved, by the evidence of the isolation gate; empty = nobody's. */
export const victimOf = (evidence: Readonly<Record<string, number>>): string =>
  Object.keys(evidence)
    .find((name) => name.startsWith(PREFIX))
    ?.slice(PREFIX.length) ?? '';
