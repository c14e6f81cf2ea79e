import { Command } from 'commander';
import type { AdminClient } from '../../proto/gen/capmesh/v1/admin_service.ts';
import type { CapacityVector } from '../../proto/gen/capmesh/v1/capacity.ts';
import type { Budget } from '../../proto/gen/capmesh/v1/mesh.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { type CliContext, type Invocation, invocation } from '../context.ts';
import { type Connection, withAdmin } from '../grpc-connection.ts';
import { formatNumber } from '../output/format-number.ts';
import { conflictLine, problemLines } from '../output/problem-lines.ts';
import { table } from '../output/table.ts';
import { toJson, withRollout } from '../output/to-json.ts';
import { parseFractionOrNone, parseInteger, parsePositive } from '../parse-options.ts';
import { waitForRollout } from '../wait-for-rollout.ts';
import { rolloutLines } from './status.ts';

const VECTOR_KEYS = { geo: 'cGeo', int: 'cInt', gauge: 'cGauge', ptr: 'cPtr', obs: 'cObs' } as const;
type AxisName = keyof typeof VECTOR_KEYS;
const AXIS_NAMES = Object.keys(VECTOR_KEYS) as AxisName[];

type SetOptions = { readonly [axis in AxisName]?: number | 'none' } & {
  readonly rps?: number;
  readonly parallel?: number;
  readonly expectedRevision?: number;
  readonly wait: boolean;
};

export function budgetCommand(context: CliContext): Command {
  return new Command('budget')
    .description('what a workload may use of a service')
    .addCommand(setCommand(context))
    .addCommand(getCommand(context))
    .addCommand(listCommand(context))
    .addCommand(deleteCommand(context));
}

function setCommand(context: CliContext): Command {
  const command = edgeCommand('set', 'set some axes of a budget and keep the others');
  for (const axis of AXIS_NAMES) {
    command.option(`--${axis} <fraction>`, `0 … 1, or none for no limit on this axis`, parseFractionOrNone);
  }
  return command
    .option('--rps <calls>', 'calls per second: --int in absolute form', parsePositive)
    .option('--parallel <calls>', 'calls in flight: --ptr in absolute form', parsePositive)
    .option(
      '--expected-revision <revision>',
      'refuse when the budget is not at this revision; default: the one stored now',
      parseInteger,
    )
    .option('--no-wait', 'do not wait until every Envoy has it')
    .action(async (workload: string, service: string, _options, self: Command) => {
      const call = invocation<SetOptions>(context, self);
      await withAdmin(call, (admin) => setBudget(call, admin, workload, service));
    });
}

async function setBudget(
  call: Invocation<SetOptions>,
  admin: Connection<AdminClient>,
  workload: string,
  service: string,
): Promise<void> {
  const { options } = call;
  const request = await setRequest(admin, options, workload, service);
  const answer = await admin.call(admin.client.setBudget, request);
  for (const line of problemLines('warning', answer.warnings)) call.context.err(line);
  if (!answer.applied || answer.budget === undefined) {
    const conflict = answer.conflict === undefined ? [] : [conflictLine(answer.conflict)];
    throw new CliError(EXIT.refused, [...problemLines('error', answer.problems), ...conflict].join('\n'));
  }
  const { budget } = answer;
  const rollout = options.wait ? await waitForRollout(admin, budget.revision, call.context) : undefined;
  const json = () => withRollout('capmesh.v1.SetBudgetResponse', answer, rollout);
  await call.print(json, () => [...budgetLines([budget]), ...(rollout === undefined ? [] : rolloutLines(rollout))]);
}

/**
 * The edit, based on the budget as it is stored now: of two edits at the same time the second is told
 * about the first. A merge can only set axes; taking one away (`none`) sends the whole budget.
 */
async function setRequest(admin: Connection<AdminClient>, options: SetOptions, workload: string, service: string) {
  const { rps, parallel } = options;
  const given = AXIS_NAMES.filter((axis) => options[axis] !== undefined);
  if (given.length === 0 && rps === undefined && parallel === undefined) {
    throw new CliError(EXIT.usage, 'nothing to set', 'Give at least one of --int, --ptr, --rps, --parallel, …');
  }
  const changes = Object.fromEntries(
    given.map((axis) => [VECTOR_KEYS[axis], options[axis] === 'none' ? undefined : options[axis]]),
  );
  const stored = await storedBudget(admin, workload, service);
  const expectedRevision = options.expectedRevision || (stored?.revision ?? 0);
  const budget = { workload, service, vector: { ...changes }, rps, parallel, revision: 0 };
  if (given.every((axis) => options[axis] !== 'none')) return { budget, merge: true, expectedRevision };
  const vector: CapacityVector = { ...stored?.vector, ...changes };
  if (rps !== undefined) delete vector.cInt;
  if (parallel !== undefined) delete vector.cPtr;
  return { budget: { ...budget, vector }, merge: false, expectedRevision };
}

function getCommand(context: CliContext): Command {
  return edgeCommand('get', 'show one budget').action(
    async (workload: string, service: string, _options, self: Command) => {
      const call = invocation(context, self);
      const budget = await withAdmin(call, (admin) => storedBudget(admin, workload, service));
      if (budget === undefined) {
        throw new CliError(EXIT.refused, `${workload} has no budget on ${service}`, '"capmesh budget list" shows all.');
      }
      await call.print(
        () => toJson('capmesh.v1.Budget', budget),
        () => budgetLines([budget]),
      );
    },
  );
}

function listCommand(context: CliContext): Command {
  return new Command('list').description('show every budget').action(async (_options, self: Command) => {
    const call = invocation(context, self);
    const { budgets } = await withAdmin(call, (admin) => admin.call(admin.client.getMesh, {}));
    await call.print(
      () => Promise.all(budgets.map((budget) => toJson('capmesh.v1.Budget', budget))),
      () => budgetLines(budgets),
    );
  });
}

function deleteCommand(context: CliContext): Command {
  return edgeCommand('delete', 'take a budget away: its calls are refused from then on')
    .option('--expected-revision <revision>', 'refuse when the budget is not at this revision', parseInteger)
    .action(async (workload: string, service: string, _options, self: Command) => {
      const call = invocation<{ expectedRevision?: number }>(context, self);
      const request = { workload, service, expectedRevision: call.options.expectedRevision ?? 0 };
      const answer = await withAdmin(call, (admin) => admin.call(admin.client.deleteBudget, request));
      if (!answer.deleted) {
        const conflict = answer.conflict === undefined ? [] : [conflictLine(answer.conflict)];
        throw new CliError(EXIT.refused, [...problemLines('error', answer.problems), ...conflict].join('\n'));
      }
      await call.print(
        () => toJson('capmesh.v1.DeleteResponse', answer),
        () => [`deleted: ${workload} → ${service}`],
      );
    });
}

function edgeCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .argument('<workload>', 'who calls')
    .argument('<service>', 'what is called');
}

async function storedBudget(
  admin: Connection<AdminClient>,
  workload: string,
  service: string,
): Promise<Budget | undefined> {
  const mesh = await admin.call(admin.client.getMesh, {});
  return mesh.budgets.find((budget) => budget.workload === workload && budget.service === service);
}

export function budgetLines(budgets: readonly Budget[]): string[] {
  return table(budgets, [
    { title: 'WORKLOAD', value: (row) => row.workload },
    { title: 'SERVICE', value: (row) => row.service },
    ...AXIS_NAMES.map((axis) => ({
      title: axis.toUpperCase(),
      value: (row: Budget) => formatNumber(row.vector?.[VECTOR_KEYS[axis]]),
      right: true as const,
    })),
    { title: 'RPS', value: (row) => formatNumber(row.rps), right: true },
    { title: 'PARALLEL', value: (row) => formatNumber(row.parallel), right: true },
    { title: 'REVISION', value: (row) => String(row.revision), right: true },
  ]);
}
