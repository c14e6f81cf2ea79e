import type { CapacityEvent } from '../../proto/gen/capmesh/v1/events.ts';
import { connectAdmin, type Topology } from './topology.ts';

/** Every event that the store keeps and those that follow, as an operator is told, until the door closes. */
export class EventLog {
  readonly seen: CapacityEvent[] = [];
  readonly stop: () => void;

  constructor(topology: Topology) {
    const admin = connectAdmin(topology);
    const stream = admin.events({ fromStart: true });
    stream.on('data', (event: CapacityEvent) => this.seen.push(event));
    // Its server may be what dies.
    stream.on('error', () => {});
    this.stop = () => {
      stream.cancel();
      admin.close();
    };
  }
}
