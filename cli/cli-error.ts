/** What the exit codes of `capmesh` mean. */
export const EXIT = {
  ok: 0,
  /** Refused by the mesh or its rules, or failed. */
  refused: 1,
  /** The command line or a file on it is wrong. */
  usage: 2,
  /** The control plane, Envoy or a program is not reachable. */
  unreachable: 3,
  /** A credential is missing or not accepted. */
  credentials: 4,
  /** Ended by ^C. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A failure that the person at the keyboard can act on. */
export class CliError extends Error {
  readonly exitCode: ExitCode;
  /** What to do about it; may be empty. */
  readonly hint: string;

  constructor(exitCode: ExitCode, message: string, hint = '') {
    super(message);
    this.name = 'CliError';
    this.exitCode = exitCode;
    this.hint = hint;
  }
}
