import { isDeepStrictEqual } from 'node:util';
import type { MeshConfig } from '../../core/mesh/mesh-config.ts';
import type { Checked, Problem } from '../../core/problem.ts';
import { meshFilePath } from '../../platform/mesh-file-path.ts';
import {
  budgetToMessage,
  meshFromMessage,
  meshToMessage,
  type RevisionOf,
  setBudgetFromMessage,
} from '../../platform/mesh-message.ts';
import { validateMessage } from '../../platform/validate-message.ts';
import type {
  ApplyRequest,
  ApplyResponse,
  Conflict,
  DeleteResponse,
  SetBudgetRequest,
  SetBudgetResponse,
} from '../../proto/gen/capmesh/v1/admin_service.ts';
import type { Mesh } from '../../proto/gen/capmesh/v1/mesh.ts';
import { configObjects, keyOfPath, MESH_KEY, pathOfKey } from '../state/config-keys.ts';
import type { ConfigChange } from '../state/config-store.ts';
import type { ConfigView } from '../state/config-view.ts';
import type { BatchOutcome } from '../state/publish-batch.ts';
import { ApiError } from './api-error.ts';
import { mergeMesh } from './merge-mesh.ts';

/** The part of the config store that edits need. */
export interface EditableConfig {
  readonly view: ConfigView;
  commit(base: ConfigView, changes: readonly ConfigChange[]): Promise<BatchOutcome>;
}

/** Edits that may wait for their turn. */
const WAITING_MAX = 256;
/** Tries of one edit while other replicas write too. */
const ATTEMPTS_MAX = 8;

interface Edited {
  readonly view: ConfigView;
  readonly checked: Checked<MeshConfig>;
  readonly conflicts: readonly Conflict[];
  readonly changed: readonly string[];
}

/** What an edit makes of a mesh. `expected` are the revisions, by path, that it is based on. */
type Edit = (config: MeshConfig) => Checked<MeshConfig>;
type Expected = ReadonlyMap<string, number>;

/**
 * Changes of the stored mesh: checked as a whole, stored all or nothing. Edits
 * take turns; one that another replica overtook is made again from the newer
 * mesh. An edit that names the revision it is based on is refused when that is
 * not the stored one.
 */
export class MeshEdits {
  readonly #store: EditableConfig;
  readonly #mesh: string;
  readonly #isEnrolled: (workload: string) => boolean;
  readonly #forecast: (next: MeshConfig) => readonly Problem[];
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** @param forecast gates that an edit would bring too close to their thresholds */
  constructor(
    store: EditableConfig,
    mesh: string,
    isEnrolled: (workload: string) => boolean,
    forecast: (next: MeshConfig) => readonly Problem[],
  ) {
    this.#store = store;
    this.#mesh = mesh;
    this.#isEnrolled = isEnrolled;
    this.#forecast = forecast;
  }

  async apply(request: ApplyRequest): Promise<ApplyResponse> {
    const { mesh } = request;
    const broken = validateMessage('capmesh.v1.ApplyRequest', request);
    if (mesh === undefined) return refusedApply(broken, this.#store.view.revision);
    const rules = broken.map((problem) => ({ ...problem, path: meshFilePath(problem.path, mesh) }));
    const edit: Edit = (config) => {
      const checked = this.#checkName(mesh, meshFromMessage(mergeMesh(mesh, meshToMessage(config), request.prune)));
      return rules.length > 0 ? withProblems(checked, rules) : this.#foresee(checked, request.strict);
    };
    const edited = await this.#inTurn(edit, expectedRevisions(mesh), request.dryRun);
    const { checked, conflicts, changed, view } = edited;
    const done = checked.ok && conflicts.length === 0;
    return {
      applied: done && !request.dryRun,
      problems: checked.ok ? [] : [...checked.problems],
      warnings: checked.ok ? [...checked.warnings] : [],
      conflicts: [...conflicts],
      changed: done ? [...changed] : [],
      revision: view.revision,
      unenrolled: checked.ok
        ? [...checked.value.workloads.keys()].filter((name) => !this.#isEnrolled(name)).sort()
        : [],
    };
  }

  async setBudget(request: SetBudgetRequest): Promise<SetBudgetResponse> {
    const problems = validateMessage('capmesh.v1.SetBudgetRequest', request);
    const { budget, merge } = request;
    if (budget === undefined || problems.length > 0) return refusedBudget({ problems });
    const path = `budgets.${budget.workload}.${budget.service}`;
    let warnings: readonly Problem[] = [];
    const edit: Edit = (config) => {
      const checked = setBudgetFromMessage(config, budget, merge);
      if (!checked.ok) return checked;
      warnings = checked.warnings;
      const foreseen = this.#foresee({ ok: true, value: checked.value.config, warnings }, false);
      if (foreseen.ok) warnings = foreseen.warnings;
      return foreseen;
    };
    const expected = expectedAt(path, request.expectedRevision || budget.revision);
    const { checked, conflicts, view } = await this.#inTurn(edit, expected, false);
    if (!checked.ok) return refusedBudget({ problems: [...checked.problems] });
    const [conflict] = conflicts;
    if (conflict !== undefined) return refusedBudget({ conflict });
    const stored = view.config.budgets.get(`${budget.workload}/${budget.service}`);
    return {
      applied: true,
      problems: [],
      warnings: [...warnings],
      conflict: undefined,
      budget: stored && budgetToMessage(stored, view.config, revisionsOf(view)),
    };
  }

  /** Deletes the object at `services.x`, `workloads.x` or `budgets.x.y`. Throws `not-found`. */
  async delete(path: string, expectedRevision: number): Promise<DeleteResponse> {
    const edit: Edit = (config) => withoutObject(config, path);
    const { checked, conflicts } = await this.#inTurn(edit, expectedAt(path, expectedRevision), false);
    return {
      deleted: checked.ok && conflicts.length === 0,
      problems: checked.ok ? [] : [...checked.problems],
      conflict: conflicts[0],
    };
  }

  /** The mesh that an apply would store; stores nothing. */
  preview(mesh: Mesh, prune: boolean): Checked<MeshConfig> {
    const stored = meshToMessage(this.#store.view.config);
    return this.#checkName(mesh, meshFromMessage(mergeMesh(mesh, stored, prune)));
  }

  /** Warns of what the gates would come to, or refuses it. */
  #foresee(checked: Checked<MeshConfig>, strict: boolean): Checked<MeshConfig> {
    if (!checked.ok) return checked;
    const tight = this.#forecast(checked.value);
    if (strict && tight.length > 0) return { ok: false, problems: tight };
    return { ...checked, warnings: [...checked.warnings, ...tight] };
  }

  #checkName(mesh: Mesh, checked: Checked<MeshConfig>): Checked<MeshConfig> {
    if (mesh.name === this.#mesh) return checked;
    const problem = { path: 'mesh', message: `this control plane governs "${this.#mesh}", not "${mesh.name}"` };
    return { ok: false, problems: [problem, ...(checked.ok ? [] : checked.problems)] };
  }

  async #inTurn(edit: Edit, expected: Expected, dryRun: boolean): Promise<Edited> {
    if (this.#waiting >= WAITING_MAX) throw new ApiError('busy', 'too many edits are waiting');
    this.#waiting += 1;
    const mine = this.#last.then(() => this.#make(edit, expected, dryRun));
    this.#last = mine.catch(() => {});
    try {
      return await mine;
    } finally {
      this.#waiting -= 1;
    }
  }

  async #make(edit: Edit, expected: Expected, dryRun: boolean): Promise<Edited> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const { view } = this.#store;
      const checked = edit(view.config);
      const conflicts = findConflicts(expected, view);
      const changes = checked.ok ? differences(view, checked.value) : [];
      const changed = changes.map(({ key }) => pathOfKey(key));
      if (dryRun || !checked.ok || conflicts.length > 0 || changes.length === 0) {
        return { view, checked, conflicts, changed };
      }
      const outcome = await this.#store.commit(view, changes);
      if (outcome.kind === 'stored') return { view: this.#store.view, checked, conflicts, changed };
      if (outcome.kind === 'too-large') {
        const message = `changes ${changes.length} objects at once; the store takes fewer: apply it in parts`;
        return { view, checked: { ok: false, problems: [{ path: 'mesh', message }] }, conflicts, changed: [] };
      }
    }
    throw new ApiError('busy', 'the mesh is changed by too many at once');
  }
}

/** Refused for these problems as well; what is told of a field already is told once. */
function withProblems(checked: Checked<MeshConfig>, more: readonly Problem[]): Checked<MeshConfig> {
  const problems = checked.ok ? [] : checked.problems;
  const told = new Set(problems.map(({ path }) => path));
  return { ok: false, problems: [...problems, ...more.filter(({ path }) => !told.has(path))] };
}

/** Revision of each object of a view by its path in the mesh file. */
export const revisionsOf =
  (view: ConfigView): RevisionOf =>
  (path) =>
    view.revisions.get(keyOfPath(path)) ?? 0;

function differences(view: ConfigView, next: MeshConfig): ConfigChange[] {
  const before = configObjects(view.config);
  const after = configObjects(next);
  const written = [...after].filter(([key, value]) => {
    const isStored = key === MESH_KEY || view.revisions.has(key);
    return !isStored || !isDeepStrictEqual(before.get(key), value);
  });
  const deleted = [...view.revisions.keys()].filter((key) => key !== MESH_KEY && !after.has(key));
  return [...written.map(([key, value]) => ({ key, value })), ...deleted.map((key) => ({ key, value: null }))];
}

function findConflicts(expected: Expected, view: ConfigView): Conflict[] {
  const revisionOf = revisionsOf(view);
  return [...expected]
    .map(([path, expectedRevision]) => ({ path, expectedRevision, actualRevision: revisionOf(path) }))
    .filter(({ expectedRevision, actualRevision }) => expectedRevision !== actualRevision);
}

/** Objects that carry a revision were read before: the edit is based on it. */
function expectedRevisions(mesh: Mesh): Expected {
  const paths: [string, number][] = [
    ...mesh.services.map(({ name, revision }): [string, number] => [`services.${name}`, revision]),
    ...mesh.workloads.map(({ name, revision }): [string, number] => [`workloads.${name}`, revision]),
    ...mesh.budgets.map(({ workload, service, revision }): [string, number] => [
      `budgets.${workload}.${service}`,
      revision,
    ]),
  ];
  return new Map(paths.filter(([, revision]) => revision > 0));
}

const expectedAt = (path: string, revision: number): Expected => new Map(revision > 0 ? [[path, revision]] : []);

/** A mesh without one of its objects; what still refers to it is a problem. */
function withoutObject(config: MeshConfig, path: string): Checked<MeshConfig> {
  const key = keyOfPath(path);
  if (!configObjects(config).has(key)) throw new ApiError('not-found', `${path} does not exist`);
  const [kind, name = '', service = ''] = key.split('.');
  const users = [...config.budgets.values()]
    .filter(
      (budget) => (kind === 'service' && budget.service === name) || (kind === 'workload' && budget.workload === name),
    )
    .map((budget) => `budgets.${budget.workload}.${budget.service}`);
  const anonymous = [...config.services.values()]
    .filter((other) => kind === 'workload' && other.anonymous === name)
    .map((other) => `services.${other.name}.anonymous`);
  const problems = [...users, ...anonymous].map((user) => ({ path: user, message: `still refers to ${path}` }));
  if (problems.length > 0) return { ok: false, problems };
  const without = <K extends string, V>(objects: ReadonlyMap<K, V>, gone: string): Map<K, V> =>
    new Map([...objects].filter(([each]) => each !== gone));
  const value: MeshConfig = {
    ...config,
    services: kind === 'service' ? without(config.services, name) : config.services,
    workloads: kind === 'workload' ? without(config.workloads, name) : config.workloads,
    budgets: kind === 'budget' ? without(config.budgets, `${name}/${service}`) : config.budgets,
  };
  return { ok: true, value, warnings: [] };
}

const refusedApply = (problems: Problem[], revision: number): ApplyResponse => ({
  applied: false,
  problems,
  warnings: [],
  conflicts: [],
  changed: [],
  revision,
  unenrolled: [],
});

const refusedBudget = (why: { problems?: Problem[]; conflict?: Conflict }): SetBudgetResponse => ({
  applied: false,
  problems: why.problems ?? [],
  warnings: [],
  conflict: why.conflict,
  budget: undefined,
});
