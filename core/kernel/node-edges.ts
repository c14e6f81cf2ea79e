import type { RateByEdge } from '../allocators/plan-input.ts';
import type { EdgeKey } from '../mesh/mesh-config.ts';
import { callsOf } from '../substrate/edge-delta.ts';
import type { NodeReport, ReportedEdge } from '../substrate/node-telemetry.ts';
import { fieldsOf, listOf, numberOf, type Plain, textOf } from '../substrate/plain-value.ts';
import type { EdgeState } from './edge-state.ts';
import type { ServiceState } from './service-state.ts';

/**
 * What the kernel keeps of each edge that one node reports: whose it is, and the
 * calls offered over the last two reports, about two seconds. Reports and plans
 * name the same edges in the same order tick after tick, so that few have to be
 * looked up by name.
 */
export class NodeEdges implements RateByEdge {
  readonly #edges = new Map<EdgeKey, NodeEdge>();
  /** The same by place in reports. */
  readonly #reported: (NodeEdge | undefined)[] = [];
  /** The same in the order in which rates were asked for, and the place that comes next. */
  readonly #asked: NodeEdge[] = [];
  #next = 0;
  /** Reports so far. */
  #count = 0;
  #newer: ReportTotals = NO_REPORT;
  #older: ReportTotals = NO_REPORT;

  /** Calls over all edges in the last two reports, whether sidecars counted them or not. */
  get calls(): number {
    return this.#newer.calls + this.#older.calls;
  }

  /** Takes the calls of one more report. */
  enter({ durationSec, edges }: NodeReport): void {
    this.#count++;
    let calls = 0;
    for (const reported of edges) {
      const { delta } = reported;
      const edge = this.#of(reported);
      if (edge.count < this.#count) {
        edge.older = edge.count === this.#count - 1 ? edge.newer : 0;
        edge.newer = delta.offered;
        edge.count = this.#count;
      }
      calls += callsOf(delta);
    }
    this.#older = this.#newer;
    this.#newer = { durationSec, calls };
  }

  /** What the kernel knows of an edge; `null` where it is none of the mesh. */
  stateOf(reported: ReportedEdge, services: ReadonlyMap<string, ServiceState>): EdgeState | null {
    const edge = this.#of(reported);
    edge.state ??= services.get(reported.service)?.edges.get(reported.key) ?? null;
    return edge.state;
  }

  /** The configuration changed: what edges belong to has to be found anew, and what is not told of is forgotten. */
  unlink(): void {
    for (const [key, edge] of this.#edges) {
      edge.state = null;
      edge.askedAt = -1;
      if (edge.count < this.#count - 1) this.#edges.delete(key);
    }
    this.#reported.length = 0;
    this.#asked.length = 0;
    this.#next = 0;
  }

  /** Calls per second offered on an edge. */
  get(key: EdgeKey): number {
    const edge = this.#find(key);
    const durationSec = this.#newer.durationSec + this.#older.durationSec;
    if (edge === undefined || durationSec === 0) return 0;
    const behind = this.#count - edge.count;
    if (behind === 0) return edge.newer / durationSec + edge.older / durationSec;
    return behind === 1 ? edge.newer / durationSec : 0;
  }

  toPlain(): Plain {
    const edges = [...this.#edges.values()].map(({ key, newer, older, count }) => [key, newer, older, count]);
    return { count: this.#count, newer: { ...this.#newer }, older: { ...this.#older }, edges };
  }

  /** Throws `PlainValueError`. */
  static fromPlain(plain: Plain): NodeEdges {
    const told = fieldsOf(plain);
    const node = new NodeEdges();
    node.#count = numberOf(told.count);
    node.#newer = totalsOf(told.newer);
    node.#older = totalsOf(told.older);
    for (const edge of listOf(told.edges)) {
      const [key, newer, older, count] = listOf(edge);
      const name = textOf(key) as EdgeKey;
      node.#edges.set(name, {
        key: name,
        state: null,
        reported: null,
        askedAt: -1,
        newer: numberOf(newer),
        older: numberOf(older),
        count: numberOf(count),
      });
    }
    return node;
  }

  #of(reported: ReportedEdge): NodeEdge {
    const usual = this.#reported[reported.place];
    if (usual?.reported === reported) return usual;
    const edge = this.#edges.get(reported.key) ?? this.#add(reported.key);
    edge.reported = reported;
    this.#reported[reported.place] = edge;
    return edge;
  }

  #add(key: EdgeKey): NodeEdge {
    const edge: NodeEdge = { key, state: null, reported: null, askedAt: -1, newer: 0, older: 0, count: 0 };
    this.#edges.set(key, edge);
    return edge;
  }

  #find(key: EdgeKey): NodeEdge | undefined {
    const usual = this.#asked[this.#next];
    if (usual?.key === key) {
      this.#next++;
      return usual;
    }
    const edge = this.#edges.get(key);
    if (edge === undefined) return undefined;
    if (edge.askedAt < 0) edge.askedAt = this.#asked.push(edge) - 1;
    this.#next = edge.askedAt + 1;
    return edge;
  }
}

interface NodeEdge {
  readonly key: EdgeKey;
  state: EdgeState | null;
  /** The object that the node's reports name it by. */
  reported: ReportedEdge | null;
  /** Where it stands among those that rates were asked for; below 0 = nobody has. */
  askedAt: number;
  /** Calls in the report of number `count`, and in the one before. */
  newer: number;
  older: number;
  count: number;
}

interface ReportTotals {
  readonly durationSec: number;
  readonly calls: number;
}

const NO_REPORT: ReportTotals = { durationSec: 0, calls: 0 };

function totalsOf(plain: Plain | undefined): ReportTotals {
  const { durationSec, calls } = fieldsOf(plain);
  return { durationSec: numberOf(durationSec), calls: numberOf(calls) };
}
