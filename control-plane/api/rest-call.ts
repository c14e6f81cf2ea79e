import type { ParameterValue } from './rest-parameters.ts';

/** What a route was called with, read and checked. */
export class RestCall {
  readonly #parameters: ReadonlyMap<string, ParameterValue>;
  readonly #body: unknown;

  constructor(parameters: ReadonlyMap<string, ParameterValue>, body: unknown) {
    this.#parameters = parameters;
    this.#body = body;
  }

  /** A parameter of path, query or headers; empty when left out. */
  text(name: string): string {
    const value = this.#parameter(name);
    if (typeof value !== 'string') throw new Error(`the parameter ${name} is no text`);
    return value;
  }

  flag(name: string): boolean {
    const value = this.#parameter(name);
    if (typeof value !== 'boolean') throw new Error(`the parameter ${name} is no flag`);
    return value;
  }

  number(name: string): number {
    const value = this.#parameter(name);
    if (typeof value !== 'number') throw new Error(`the parameter ${name} is no number`);
    return value;
  }

  /** The body: a message of the type that the route describes, or a checked mesh. */
  body<T>(): T {
    return this.#body as T;
  }

  #parameter(name: string): ParameterValue {
    const value = this.#parameters.get(name);
    if (value === undefined) throw new Error(`the route describes no parameter ${name}`);
    return value;
  }
}
