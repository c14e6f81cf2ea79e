import { CALIBRATION, calibrationError } from './calibration.ts';
import { CONTROL_OPERATIONS, CONTROL_SCHEMA } from './control-operations.ts';
import { FRAMEWORK_COMPARED, FRAMEWORK_OPERATIONS, FRAMEWORK_SCHEMA } from './framework-operations.ts';
import { GATE_OPERATIONS, GATE_SCHEMA } from './gate-operations.ts';
import { differences, type GoldenCase, type GoldenFile, readGoldenFolder } from './golden-file.ts';

export interface FileReport {
  readonly name: string;
  readonly passed: number;
  readonly failed: readonly { readonly id: string; readonly differences: readonly string[] }[];
  /** Cases that no code of ours computes yet; a file without any case counts as one of them too. */
  readonly notCovered: number;
}

/** Runs every case of a folder that is recognised by its schema and operation. */
export function runGoldenFolder(folder: string): FileReport[] {
  return readGoldenFolder(folder).map(runFile);
}

function runFile(file: GoldenFile): FileReport {
  if (file.cases.length === 0) return runCalibration(file);
  const covered = file.cases.filter((one) => operationOf(file, one) !== undefined);
  const failed = covered
    .map((one) => ({ id: one.id, differences: runCase(file, one) }))
    .filter((result) => result.differences.length > 0);
  return {
    name: file.name,
    passed: covered.length - failed.length,
    failed,
    notCovered: file.cases.length - covered.length,
  };
}

/** Shares of alarms, measured anew by Monte-Carlo with a fixed seed. */
function runCalibration({ name, figures }: GoldenFile): FileReport {
  const known = Object.entries(figures).filter(([figure]) => CALIBRATION.has(figure));
  const failed = known.flatMap(([figure, wanted]) => {
    const error = calibrationError(figure, wanted);
    return error === null ? [] : [{ id: figure, differences: [error] }];
  });
  const notCovered = Object.keys(figures).length - known.length;
  return { name, passed: known.length - failed.length, failed, notCovered };
}

type Operation = (input: GoldenCase['input'], shared: GoldenFile['shared']) => unknown;

const OPERATIONS = new Map<string, ReadonlyMap<string, Operation>>([
  [GATE_SCHEMA, new Map(Object.entries(GATE_OPERATIONS))],
  [CONTROL_SCHEMA, new Map(Object.entries(CONTROL_OPERATIONS))],
  [FRAMEWORK_SCHEMA, new Map(Object.entries(FRAMEWORK_OPERATIONS))],
]);

const nameOf = (file: GoldenFile, one: GoldenCase): string => one.op || file.family;

const operationOf = (file: GoldenFile, one: GoldenCase) => OPERATIONS.get(file.schema)?.get(nameOf(file, one));

function runCase(file: GoldenFile, one: GoldenCase): string[] {
  try {
    const want = FRAMEWORK_COMPARED[nameOf(file, one)]?.(one.output) ?? one.output;
    return differences(operationOf(file, one)?.(one.input, file.shared), want, file.tolerance);
  } catch (error) {
    return [String(error)];
  }
}

/** Text of a report and whether it is good: something ran and nothing failed. */
export function describeReports(reports: readonly FileReport[]): { readonly text: string; readonly ok: boolean } {
  const passed = reports.reduce((sum, report) => sum + report.passed, 0);
  const failed = reports.reduce((sum, report) => sum + report.failed.length, 0);
  const lines = reports.flatMap(describeReport);
  return { text: [...lines, `${passed} passed, ${failed} failed`].join('\n'), ok: failed === 0 && passed > 0 };
}

function describeReport(report: FileReport): string[] {
  if (report.passed + report.failed.length === 0) return [`${report.name}: not covered yet`];
  const rest = report.notCovered > 0 ? `, ${report.notCovered} not covered yet` : '';
  return [
    `${report.name}: ${report.passed} passed, ${report.failed.length} failed${rest}`,
    ...report.failed.map((one) => `  ${one.id}: ${one.differences.slice(0, 5).join('; ')}`),
  ];
}
