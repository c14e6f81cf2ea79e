import { GATES } from '../gates/gate-state.ts';
import {
  DEFAULT_AUTHORIZER_DOWN,
  DEFAULT_EJECT_FAILING,
  DEFAULT_GATES,
  DEFAULT_POLICY,
  DEFAULT_PRIO,
  DEFAULT_TIMEOUT_MS,
  DEFAULT_WEIGHT,
} from './mesh-defaults.ts';
import { NAME_PATTERN } from './names.ts';

/** Services of one mesh at most. */
export const SERVICES_MAX = 5000;
/** Workloads of one mesh at most. */
export const WORKLOADS_MAX = 5000;
/** Lines of budget of one mesh at most. */
export const BUDGETS_MAX = 20_000;
const ENDPOINTS_MAX = 1000;
const QUANTITY_MAX = 1e9;

const name = { type: 'string', pattern: NAME_PATTERN };
const named = (maxProperties: number, additionalProperties: object) => ({
  type: 'object',
  propertyNames: { pattern: NAME_PATTERN },
  maxProperties,
  additionalProperties,
});
const record = (description: string, properties: object, required: readonly string[] = []) => ({
  description,
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});
const quantity = (description: string, bounds: object = { exclusiveMinimum: 0 }) => ({
  description,
  type: ['number', 'null'],
  ...bounds,
  maximum: QUANTITY_MAX,
});
const fraction = (description: string) => ({
  description: `${description} A fraction in 0 … 1; absent or null = no limit on this axis.`,
  type: ['number', 'null'],
  minimum: 0,
  maximum: 1,
});

const capacity = (description: string) =>
  record(description, {
    rps: quantity('K: calls per second that the service can serve.'),
    concurrency: quantity('N: calls that may be in flight.', { minimum: 1 }),
    cpuMsPerSec: quantity('CPU-milliseconds per second that calls may be estimated to need.'),
    memoryMiB: quantity('MiB that calls in flight may be estimated to hold.'),
  });

const addressLength = { minLength: 1, maxLength: 260 };
const placedEndpoint = record(
  'An instance and where it is. C_geo counts the levels between it and the node that calls.',
  {
    address: { description: 'host:port.', type: 'string', ...addressLength },
    region: { ...name, description: 'Level 4: another region than that of the node.' },
    zone: { ...name, description: 'Level 3: another zone of the same region.' },
    subZone: { ...name, description: 'Level 2: another sub-zone of the same zone.' },
    node: { ...name, description: 'Id of the node beside which it runs: level 0 from there, else 1.' },
  },
  ['address'],
);

const service = record(
  'What is called.',
  {
    endpoints: {
      description:
        'host:port of each instance; the host is a DNS name, an IPv4 address or [IPv6]. A map says besides where it is.',
      type: 'array',
      items: { ...placedEndpoint, type: ['string', 'object'], ...addressLength },
      minItems: 1,
      maxItems: ENDPOINTS_MAX,
    },
    capacity: capacity('Ceiling of the whole service. A field left out is unknown until it is learned.'),
    capacityPerEndpoint: capacity('The same for one endpoint, multiplied by their number. Not together with capacity.'),
    anonymous: {
      description: 'Workload that calls without a token count as; absent = a token is needed.',
      type: ['string', 'null'],
      pattern: NAME_PATTERN,
    },
    authorizerDown: {
      description: 'Calls while the authorizer is unreachable: under small safe buckets, refused, or let through.',
      enum: ['degrade', 'closed', 'open'],
      default: DEFAULT_AUTHORIZER_DOWN,
    },
    timeoutMs: {
      description: 'Milliseconds that a call may take.',
      type: 'integer',
      minimum: 1,
      maximum: 3_600_000,
      default: DEFAULT_TIMEOUT_MS,
    },
    ejectFailing: {
      description:
        'Leave out an endpoint of three or more, for a while, when the share of its calls that fail reaches max(0.1, 1 − C_int) of the edge. Not for services that answer 5xx when they are overloaded.',
      type: 'boolean',
      default: DEFAULT_EJECT_FAILING,
    },
  },
  ['endpoints'],
);

const workload = record('Who calls.', {
  tenant: { ...name, description: "Unit of isolation and fairness; absent = the workload's own name." },
  prio: {
    description: 'What is shed first while a service is overloaded: 0 before 9.',
    type: 'integer',
    minimum: 0,
    maximum: 9,
    default: DEFAULT_PRIO,
  },
  weight: {
    description: 'Share of contended capacity, relative to other workloads.',
    type: 'number',
    minimum: 0.001,
    maximum: 1000,
    default: DEFAULT_WEIGHT,
  },
});

const budget = record('What one workload may use of one service. int or ptr of 0 forbids the calls.', {
  geo: fraction('Level: how far from the caller a call may spill.'),
  int: fraction("Share of the service's rate."),
  gauge: fraction('Level: shorter leases and larger quorums the higher it is.'),
  ptr: fraction("Share of the service's calls in flight."),
  obs: fraction('Tracing, access log and metric series.'),
  rps: quantity('int as calls per second; needs a known capacity.', { minimum: 0 }),
  parallel: quantity('ptr as calls in flight; needs a known concurrency.', { minimum: 0 }),
});

const gates = record('Thresholds of the four gates.', {
  fitThreshold: {
    description: 'Largest deviation from the model.',
    type: 'number',
    exclusiveMinimum: 0,
    maximum: 10,
    default: DEFAULT_GATES.fitThreshold,
  },
  gluingK: {
    description: 'Largest disagreement between views, in standard errors.',
    type: 'number',
    exclusiveMinimum: 0,
    maximum: 10,
    default: DEFAULT_GATES.gluingK,
  },
  uvLambda1Hz: {
    description: 'Smallest frequency that a window resolves.',
    type: 'number',
    exclusiveMinimum: 0,
    maximum: 100,
    default: DEFAULT_GATES.uvLambda1Hz,
  },
  uvLambdaMaxHz: {
    description: 'Largest frequency allowed; null = what rate and burst of each edge allow.',
    type: ['number', 'null'],
    exclusiveMinimum: 0,
    maximum: QUANTITY_MAX,
    default: DEFAULT_GATES.uvLambdaMaxHz,
  },
  isolationEps: {
    description: 'Largest cross-talk between tenants.',
    type: 'number',
    exclusiveMinimum: 0,
    exclusiveMaximum: 1,
    default: DEFAULT_GATES.isolationEps,
  },
});

const policy = record('Bounds of what actions may do.', {
  maxShedRatio: {
    description: 'Largest share of the offered calls of a service that actions may shed.',
    type: 'number',
    minimum: 0,
    maximum: 1,
    default: DEFAULT_POLICY.maxShedRatio,
  },
  shadow: {
    description: 'Gates whose actions are recorded but have no effect.',
    type: 'array',
    items: { enum: GATES },
    uniqueItems: true,
    default: DEFAULT_POLICY.shadow,
  },
  fence: {
    description: 'A tenant that harms others may be fenced off where throttling it did not help.',
    type: 'boolean',
    default: DEFAULT_POLICY.fence,
  },
});

/** JSON Schema (2020-12) of the mesh file; `checkMesh` adds what a schema cannot say. */
export const MESH_SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Capmesh mesh file',
  ...record(
    'Desired state of one mesh.',
    {
      mesh: { ...name, description: 'Name of the mesh; audience of its tokens.' },
      services: named(SERVICES_MAX, service),
      workloads: named(WORKLOADS_MAX, workload),
      budgets: { ...named(WORKLOADS_MAX, named(SERVICES_MAX, budget)), description: 'By workload, then by service.' },
      gates,
      policy,
    },
    ['mesh'],
  ),
};
