import type { Answer } from './answer.ts';
import { ConnectionPool, type ConnectionPoolOptions } from './connection-pool.ts';

export interface BalancedPoolOptions extends Omit<ConnectionPoolOptions, 'port'> {
  /** One for each Envoy; at least one. */
  readonly ports: readonly number[];
}

/** Calls that take turns over several Envoys in front of the same services; the limits hold for each. */
export class BalancedPool {
  private readonly pools: readonly ConnectionPool[];
  private turn = 0;

  constructor({ ports, ...options }: BalancedPoolOptions) {
    if (ports.length === 0) throw new Error('ports: at least one is needed');
    this.pools = ports.map((port) => new ConnectionPool({ ...options, port }));
  }

  get underWay(): number {
    return this.pools.reduce((sum, pool) => sum + pool.underWay, 0);
  }

  /** As `ConnectionPool.send`. */
  send(request: Buffer, settle: (answer: Answer) => void): boolean {
    this.turn = (this.turn + 1) % this.pools.length;
    return this.pools[this.turn]?.send(request, settle) ?? false;
  }

  close(): void {
    for (const pool of this.pools) pool.close();
  }
}
