import { Command } from 'commander';
import type { ScaleRequest } from '../../proto/gen/capmesh/v1/admin_service.ts';
import { type CliContext, invocation } from '../context.ts';
import { withAdmin } from '../grpc-connection.ts';
import { formatNumber } from '../output/format-number.ts';
import { table } from '../output/table.ts';
import { timeOf } from '../output/time-of.ts';
import { toJson } from '../output/to-json.ts';

const HELP = `
An autoscaler polls the same as GET /v1/scale; each request is an event too, when it begins and when it ends.

Exit codes: 0 answered, also where nothing is asked for · 2 wrong command line · 3 control plane not reachable ·
4 admin token missing or not accepted`;

export function scaleCommand(context: CliContext): Command {
  return new Command('scale')
    .description('services that have been refusing calls for want of capacity, and how much larger they should be')
    .addHelpText('after', HELP)
    .action(async (_options, command: Command) => {
      const call = invocation(context, command);
      const answer = await withAdmin(call, (admin) => admin.call(admin.client.getScale, {}));
      await call.print(
        () => toJson('capmesh.v1.ScaleRequests', answer),
        () => scaleLines(answer.requests),
      );
    });
}

function scaleLines(requests: readonly ScaleRequest[]): string[] {
  if (requests.length === 0) return ['no service is asked to be made larger'];
  return table(requests, [
    { title: 'SERVICE', value: ({ service }) => service },
    { title: 'CAPACITY/s', value: ({ currentCapacityRps }) => formatNumber(currentCapacityRps), right: true },
    { title: 'REFUSED/s', value: ({ refusedRps }) => formatNumber(refusedRps), right: true },
    { title: 'TIMES', value: ({ recommendedFactor }) => formatNumber(recommendedFactor), right: true },
    { title: 'SINCE', value: ({ since }) => timeOf(since) },
    { title: 'REASON', value: ({ reason }) => reason },
  ]);
}
