import { Command } from 'commander';
import { packageVersion } from '../platform/package-version.ts';
import { actionsCommand } from './commands/actions.ts';
import { admissionCommand } from './commands/admission.ts';
import { applyCommand } from './commands/apply.ts';
import { budgetCommand } from './commands/budget.ts';
import { callCommand } from './commands/call.ts';
import { checkCommand } from './commands/check.ts';
import { completionCommand } from './commands/completion.ts';
import { doctorCommand } from './commands/doctor.ts';
import { enrolCommand } from './commands/enrol.ts';
import { eventsCommand } from './commands/events.ts';
import { explainCommand } from './commands/explain.ts';
import { gatesCommand } from './commands/gates.ts';
import { initCommand } from './commands/init.ts';
import { keysCommand } from './commands/keys.ts';
import { prepareCommand } from './commands/prepare.ts';
import { quorumCommand } from './commands/quorum.ts';
import { recordCommand } from './commands/record.ts';
import { replayCommand } from './commands/replay.ts';
import { revokeCommand } from './commands/revoke.ts';
import { safeModeCommand } from './commands/safe-mode.ts';
import { scaleCommand } from './commands/scale.ts';
import { schemaCommand } from './commands/schema.ts';
import { simulateCommand } from './commands/simulate.ts';
import { statusCommand } from './commands/status.ts';
import { substrateCommand } from './commands/substrate.ts';
import { sweepCommand } from './commands/sweep.ts';
import { tokenCommand } from './commands/token.ts';
import { whatIfCommand } from './commands/whatif.ts';
import { whyCommand } from './commands/why.ts';
import type { CliContext } from './context.ts';

const EXIT_CODES = `
Exit codes: 0 done · 1 refused or failed · 2 wrong command line or mesh file ·
3 control plane or Envoy not reachable · 4 credential missing or not accepted`;

/** The whole command line but for the commands that run processes, which \`main.ts\` adds. */
export function buildProgram(context: CliContext, processCommands: readonly Command[] = []): Command {
  const program = new Command('capmesh')
    .description('Keeps an Envoy service mesh stable: budgets, capacity tokens, gates.')
    .version(packageVersion())
    .option('--json', 'answer in JSON')
    .option('--server <host:port>', 'control plane (CAPMESH_SERVER); default: the running mesh, else 127.0.0.1:18001')
    .option('--state-dir <folder>', 'state and credentials (CAPMESH_STATE_DIR); default: .capmesh')
    .option('--admin-token-file <file>', 'admin token (CAPMESH_ADMIN_TOKEN_FILE); default: <state-dir>/admin.token')
    .addHelpText('after', EXIT_CODES)
    .showHelpAfterError('(--help shows how)');
  const builders = [
    initCommand,
    applyCommand,
    statusCommand,
    gatesCommand,
    substrateCommand,
    eventsCommand,
    explainCommand,
    whatIfCommand,
    whyCommand,
    actionsCommand,
    safeModeCommand,
    admissionCommand,
    scaleCommand,
    recordCommand,
    replayCommand,
    simulateCommand,
    sweepCommand,
    budgetCommand,
    quorumCommand,
    enrolCommand,
    revokeCommand,
    tokenCommand,
    keysCommand,
    callCommand,
    checkCommand,
    doctorCommand,
    schemaCommand,
    prepareCommand,
    completionCommand,
  ];
  for (const command of [...processCommands, ...builders.map((build) => build(context))]) {
    program.addCommand(command);
  }
  applySettings(program, context);
  return program;
}

/** Commander does not hand settings down to commands that were built apart. */
function applySettings(command: Command, context: CliContext): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => context.out(text.trimEnd()),
    writeErr: (text) => context.err(text.trimEnd()),
  });
  command.configureHelp({ showGlobalOptions: true });
  for (const sub of command.commands) applySettings(sub, context);
}
