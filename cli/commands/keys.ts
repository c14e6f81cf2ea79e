import { Command } from 'commander';
import type { KeyList, PublicKey } from '../../proto/gen/capmesh/v1/admin_service.ts';
import { type CliContext, type Invocation, invocation } from '../context.ts';
import { withAdmin } from '../grpc-connection.ts';
import { formatDuration } from '../output/format-duration.ts';
import { type Column, table } from '../output/table.ts';
import { msOf, timeOf } from '../output/time-of.ts';
import { toJson } from '../output/to-json.ts';

export function keysCommand(context: CliContext): Command {
  return new Command('keys')
    .description('keys that tokens are signed with')
    .addCommand(listCommand(context))
    .addCommand(rotateCommand(context));
}

function listCommand(context: CliContext): Command {
  return new Command('list')
    .description('public keys of all control planes, and until when each is good')
    .action(async (_options, command: Command) => {
      const call = invocation(context, command);
      const answer = await withAdmin(call, (admin) => admin.call(admin.client.listKeys, {}));
      await printKeys(call, answer, []);
    });
}

function rotateCommand(context: CliContext): Command {
  return new Command('rotate')
    .description('sign with a new key, once sidecars had time to see it; tokens of the old one go on')
    .action(async (_options, command: Command) => {
      const call = invocation(context, command);
      const answer = await withAdmin(call, (admin) => admin.call(admin.client.rotateKey, {}));
      const next = answer.keys.find(({ state, own }) => own && state === 'next');
      const wait = formatDuration(msOf(next?.signsFrom) - context.clock.wallMs());
      await printKeys(call, answer, next === undefined ? [] : [`${next.kid} signs in ${wait}`]);
    });
}

const COLUMNS: readonly Column<PublicKey>[] = [
  { title: 'key', value: ({ kid }) => kid },
  { title: 'state', value: ({ state }) => state },
  { title: 'signs from', value: ({ signsFrom }) => timeOf(signsFrom) },
  { title: 'good until', value: ({ endsAt }) => timeOf(endsAt) },
  { title: 'held here', value: ({ own }) => (own ? 'yes' : 'no') },
];

const printKeys = (call: Invocation<unknown>, answer: KeyList, first: readonly string[]): Promise<void> =>
  call.print(
    () => toJson('capmesh.v1.KeyList', answer),
    () => [...first, ...table(answer.keys, COLUMNS)],
  );
