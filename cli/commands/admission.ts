import { Command } from 'commander';
import { ADMISSION_GOALS } from '../../core/admission/admission-figures.ts';
import type { AdmissionOutcome, AdmissionShare } from '../../proto/gen/capmesh/v1/admin_service.ts';
import { AdmissionStatus } from '../../proto/gen/capmesh/v1/admin_service.ts';
import { type CliContext, invocation } from '../context.ts';
import { withAdmin } from '../grpc-connection.ts';
import { formatDuration } from '../output/format-duration.ts';
import { formatNumber } from '../output/format-number.ts';
import { statusWord } from '../output/gate-word.ts';
import { table } from '../output/table.ts';
import { toJson } from '../output/to-json.ts';

const HELP = `
BOUND is what a figure is judged by: of shares the lower end of Wilson's interval (one-sided 95 %). Nothing is said
with fewer than 20 outcomes. A decision is judged a minute after it was made.

Exit codes: 0 answered, whatever the figures say · 2 wrong command line · 3 control plane not reachable ·
4 admin token missing or not accepted`;

export function admissionCommand(context: CliContext): Command {
  return new Command('admission')
    .description('how well admission predicts what grants do to the gates')
    .addCommand(reportCommand(context));
}

function reportCommand(context: CliContext): Command {
  return new Command('report')
    .description('precision, recall and calibration over the latest outcomes, and those outcomes')
    .addHelpText('after', HELP)
    .action(async (_options, command: Command) => {
      const call = invocation(context, command);
      const status = await withAdmin(call, (admin) => admin.call(admin.client.getStatus, {}));
      const admission = status.admission ?? AdmissionStatus.fromPartial({});
      await call.print(
        () => toJson('capmesh.v1.AdmissionStatus', admission),
        () => reportLines(admission),
      );
    });
}

interface Figure {
  readonly name: string;
  readonly share: AdmissionShare | undefined;
  readonly needed: string;
}

function reportLines(admission: AdmissionStatus): string[] {
  const { clean, falsified, missed, pending, precision, recall, calibrationError, margin, coldStartMax } = admission;
  const { precisionMin, recallMin, calibrationErrorMax } = ADMISSION_GOALS;
  const figures: readonly Figure[] = [
    { name: 'precision', share: precision, needed: `≥ ${precisionMin}` },
    { name: 'recall', share: recall, needed: `≥ ${recallMin}` },
    { name: 'calibration error', share: calibrationError, needed: `≤ ${calibrationErrorMax}` },
  ];
  return [
    `${clean} turned out well, ${falsified} badly, ${missed} refused needlessly, ${pending} not judged yet`,
    `grants are admitted up to ${formatNumber(1 - margin)} of every gate's threshold; at most ${formatNumber(coldStartMax)} of an axis while gates cannot be judged`,
    '',
    ...table(figures, [
      { title: 'FIGURE', value: ({ name }) => name },
      { title: 'VALUE', value: ({ share }) => formatNumber(share?.value), right: true },
      { title: 'BOUND', value: ({ share }) => formatNumber(share?.bound), right: true },
      { title: 'NEEDED', value: ({ needed }) => needed },
      { title: 'STATUS', value: ({ share }) => statusWord(share?.status ?? 0) },
    ]),
    ...outcomeLines(admission.latest),
  ];
}

const OUTCOME_WORDS: Readonly<Record<string, string>> = {
  clean: 'turned out well',
  falsified: 'turned out badly',
  missed: 'refused needlessly',
};

function outcomeLines(latest: readonly AdmissionOutcome[]): string[] {
  if (latest.length === 0) return [];
  const rows = table(latest, [
    { title: 'DECIDED', value: ({ ageSec }) => `${formatDuration(1000 * ageSec)} ago` },
    { title: 'WORKLOAD', value: ({ workload }) => workload },
    { title: 'OUTCOME', value: ({ kind }) => OUTCOME_WORDS[kind] ?? kind },
    { title: 'PREDICTED u', value: ({ ratioMax }) => formatNumber(ratioMax), right: true },
    { title: 'CONFIDENCE', value: ({ confidence }) => formatNumber(confidence), right: true },
  ]);
  return ['', ...rows];
}
