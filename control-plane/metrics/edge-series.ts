import type { EdgeView } from '../../core/kernel/mesh-view.ts';

/** An edge and the labels that its figures go under. */
export interface EdgeSeries {
  readonly labels: { readonly tenant: string; readonly workload: string; readonly service: string };
  readonly edge: EdgeView;
}

const OTHER = 'other';
/** Limit, offered and admitted rate; refusals have a series for each reason. */
const SERIES_OF_EVERY_EDGE = 3;

/**
 * The edges of each tenant up to as many series as its C_obs pays for (CONTRACT §D),
 * in the order of their names; the figures of the rest are to be added up under
 * `other`.
 */
export function edgeSeries(edges: readonly EdgeView[]): EdgeSeries[] {
  const left = new Map<string, number>();
  for (const { tenant, seriesPerTenant } of edges) {
    left.set(tenant, Math.max(left.get(tenant) ?? 0, seriesPerTenant));
  }
  const inOrder = [...edges].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  return inOrder.map((edge) => {
    const { tenant, workload, service } = edge;
    const rest = (left.get(tenant) ?? 0) - SERIES_OF_EVERY_EDGE - Object.keys(edge.refusedRps).length;
    left.set(tenant, Math.max(0, rest));
    const labels = rest < 0 ? { tenant, workload: OTHER, service: OTHER } : { tenant, workload, service };
    return { labels, edge };
  });
}

const nameOf = ({ workload, service }: EdgeView): string => `${workload}/${service}`;
