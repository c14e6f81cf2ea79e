import { describeReports, runGoldenFolder } from './golden-report.ts';

/** `node dist/tests/golden/run-golden.js [folder]`: exit 1 if a case failed or none ran. */
const { text, ok } = describeReports(runGoldenFolder(process.argv[2] ?? 'tests/golden'));
process.stdout.write(`${text}\n`);
process.exitCode = ok ? 0 : 1;
