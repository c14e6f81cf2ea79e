import { connect, type Socket } from 'node:net';
import type { Answer } from './answer.ts';
import { AnswerParser } from './answer-parser.ts';

interface Connection {
  readonly socket: Socket;
  readonly parser: AnswerParser;
  waiting: { readonly settle: (answer: Answer) => void; readonly timer: NodeJS.Timeout } | null;
}

export interface ConnectionPoolOptions {
  readonly host: string;
  readonly port: number;
  /** Most calls under way at the same time; each has a connection of its own. */
  readonly inFlightMax: number;
  /** A call without answer for so long has failed; its connection is closed. */
  readonly timeoutMs: number;
}

/**
 * HTTP/1.1 connections kept open and used for one call at a time, without
 * pipelining. Lighter than node:http's agent: no header objects, no streams.
 */
export class ConnectionPool {
  private readonly options: ConnectionPoolOptions;
  private readonly idle: Connection[] = [];
  private readonly all = new Set<Connection>();
  private inFlight = 0;

  constructor(options: ConnectionPoolOptions) {
    this.options = options;
  }

  get underWay(): number {
    return this.inFlight;
  }

  /** Sends one request; `settle` runs exactly once. `false`, and nothing sent, when too many are under way. */
  send(request: Buffer, settle: (answer: Answer) => void): boolean {
    if (this.inFlight >= this.options.inFlightMax) return false;
    const connection = this.idle.pop() ?? this.open();
    this.inFlight += 1;
    const timer = setTimeout(() => this.fail(connection, 'timeout'), this.options.timeoutMs);
    connection.waiting = { settle, timer };
    connection.socket.write(request);
    return true;
  }

  close(): void {
    for (const connection of [...this.all]) this.fail(connection, 'closed');
  }

  private open(): Connection {
    const socket = connect({ host: this.options.host, port: this.options.port, noDelay: true });
    const connection: Connection = { socket, parser: new AnswerParser(), waiting: null };
    this.all.add(connection);
    socket.on('data', (chunk) => this.read(connection, chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => this.fail(connection, error.code ?? 'socket-error'));
    socket.on('close', () => this.fail(connection, 'connection-closed'));
    return connection;
  }

  private read(connection: Connection, chunk: Buffer): void {
    try {
      const parsed = connection.parser.push(chunk);
      if (parsed === null) return;
      this.settle(connection, parsed.answer);
      if (parsed.reusable) this.idle.push(connection);
      else this.discard(connection);
    } catch {
      this.fail(connection, 'bad-answer');
    }
  }

  private settle(connection: Connection, answer: Answer): void {
    const { waiting } = connection;
    if (waiting === null) return;
    connection.waiting = null;
    clearTimeout(waiting.timer);
    this.inFlight -= 1;
    waiting.settle(answer);
  }

  private fail(connection: Connection, cause: string): void {
    this.discard(connection);
    this.settle(connection, { kind: 'failed', cause });
  }

  private discard(connection: Connection): void {
    if (!this.all.delete(connection)) return;
    const at = this.idle.indexOf(connection);
    if (at >= 0) this.idle.splice(at, 1);
    connection.socket.destroy();
  }
}
