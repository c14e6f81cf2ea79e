import type { Locality } from '../../core/mesh/service-endpoint.ts';
import type { PortChoice } from '../../platform/ports.ts';
import { CliError, EXIT } from '../cli-error.ts';
import type { TcpAddress } from '../process-options.ts';

export interface UpOptions {
  readonly nodes: number;
  readonly localities?: readonly Locality[];
  readonly traceCollector?: TcpAddress;
  readonly mesh?: string;
  readonly meshFile?: string;
  readonly example?: true;
  readonly portBase?: PortChoice;
  readonly envoyWorkers: number;
  readonly record?: string;
}

/** Places of nodes, none for those that no place is given for; more places than nodes are a mistake. */
export function localitiesOf({ nodes, localities = [] }: Pick<UpOptions, 'nodes' | 'localities'>): readonly Locality[] {
  if (localities.length <= nodes) return localities;
  throw new CliError(EXIT.usage, `--localities names ${localities.length} places, but there are ${nodes} nodes`);
}

/** For the option of `up` and `prepare`. */
export const LOCALITIES_HELP = 'where the nodes are, for C_geo: region/zone/sub-zone of each, separated by commas';

/** For the option of `up` and `prepare`. */
export const TRACE_COLLECTOR_HELP =
  'host:port of an OpenTelemetry collector (gRPC) that gets the spans of sampled calls';

/** The mesh of the example file. */
export const DEFAULT_MESH = 'shop';
