/** A resource that a node refused. The node keeps the last good one until the resource's content changes. */
export interface Nack {
  readonly node: string;
  readonly typeUrl: string;
  readonly resource: string;
  /** Path of the object in the mesh configuration that the resource was built from. */
  readonly source: string;
  /** Version refused. */
  readonly version: string;
  /** Envoy's words, without the middle where they are long. */
  readonly message: string;
  /** UTC milliseconds. */
  readonly atMs: number;
}

const MESSAGE_HEAD_MAX = 200;
const MESSAGE_TAIL_MAX = 800;

/** Keeps both ends: Envoy prints the resource first and what is wrong with it last. */
export const shortened = (message: string): string =>
  message.length <= MESSAGE_HEAD_MAX + MESSAGE_TAIL_MAX
    ? message
    : `${message.slice(0, MESSAGE_HEAD_MAX)} … ${message.slice(-MESSAGE_TAIL_MAX)}`;

/**
 * Which of the resources just sent an error detail blames; empty when it does
 * not say. Envoy names every culprit of a semantic error (`Error adding/updating
 * cluster(s) a: …, b: …`) and prints the first culprit of a constraint violation
 * whole, its own name before those of its parts (research: Envoy 1.40).
 */
export function blamedBy(message: string, sent: readonly string[]): string[] {
  if (sent.length <= 1) return [...sent];
  const listed = /\b(?:cluster|listener)\(s\) /.test(message)
    ? sent.filter((name) => message.includes(`(s) ${name}: `) || message.includes(`, ${name}: `))
    : [];
  if (listed.length > 0) return listed;
  const printed = /\b(?:cluster_)?name: "([^"\\]*)"/.exec(message)?.[1];
  return printed !== undefined && sent.includes(printed) ? [printed] : [];
}
