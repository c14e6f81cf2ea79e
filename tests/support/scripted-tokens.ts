import type { TokenSource } from '../../client/index.ts';

/** Tokens of a test: `token-1` until it is replaced by what the test says. */
export class ScriptedTokens implements TokenSource {
  current = 'token-1';
  /** What takes the place of a refused token; `null` = nothing does. */
  next: string | null = null;
  /** Why there is none. */
  failure: Error | null = null;
  readonly refused: string[] = [];

  async token(): Promise<string> {
    if (this.failure !== null) throw this.failure;
    return this.current;
  }

  async replace(token: string): Promise<string | null> {
    this.refused.push(token);
    this.current = this.next ?? this.current;
    return this.next;
  }
}
