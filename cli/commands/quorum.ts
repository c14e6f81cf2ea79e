import { Command } from 'commander';
import { type GroupAgreement, groupAgreement, type VotingGroup } from '../../core/capacity/group-agreement.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { type CliContext, invocation } from '../context.ts';
import { formatNumber } from '../output/format-number.ts';
import { problemLines } from '../output/problem-lines.ts';

interface QuorumOptions {
  readonly members: number;
  readonly gauge?: number;
  readonly votesPerSec?: number;
}

const HELP = `
C_gauge asks for more members to agree, and to agree more often: quorum max(⌊n/2⌋+1, ⌈C·n⌉), never a minority;
proposals per second = votes per second ÷ quorum; lease 60 s · (1 − 0.8·C).

Example: capmesh quorum --members 5 --gauge 0.8 --votes-per-sec 400

Exit codes: 0 done · 2 wrong command line; needs no control plane`;

export function quorumCommand(context: CliContext): Command {
  return new Command('quorum')
    .description('what C_gauge means to a group that votes: quorum, faults it bears, proposals per second, lease')
    .requiredOption('--members <count>', 'members of the group', Number)
    .option('--gauge <fraction>', 'C_gauge, 0 … 1; default: 0, a plain majority', Number)
    .option('--votes-per-sec <votes>', 'votes that all members together can cast', Number)
    .addHelpText('after', HELP)
    .action(async (_options, command: Command) => {
      const call = invocation<QuorumOptions>(context, command);
      const { members, gauge = null, votesPerSec = null } = call.options;
      const group = { members, gauge, votesPerSec };
      const agreement = groupAgreement(group);
      if (!agreement.ok) throw new CliError(EXIT.usage, problemLines('error', [...agreement.problems]).join('\n'));
      await call.print(
        () => ({ ...group, ...agreement.value }),
        () => quorumLines(group, agreement.value),
      );
    });
}

function quorumLines({ members, votesPerSec }: VotingGroup, agreement: GroupAgreement): string[] {
  const { quorum, faultsTolerated, proposalsPerSec, leaseMs, why } = agreement;
  const proposals =
    proposalsPerSec === null
      ? 'not known without --votes-per-sec'
      : `${formatNumber(proposalsPerSec)} (${formatNumber(votesPerSec)} votes/s ÷ ${quorum})`;
  const away = faultsTolerated === 0 ? 'none: every member has to be there' : `${faultsTolerated} may be away`;
  return [
    `quorum            ${quorum} of ${members}`,
    `faults borne      ${away}`,
    `proposals per sec ${proposals}`,
    `lease             ${formatNumber(leaseMs / 1000)} s`,
    `safe from split-brain: ${why}`,
  ];
}
