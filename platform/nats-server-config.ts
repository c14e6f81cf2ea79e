import { operationsSubject } from './operation-subjects.ts';
import { refusalsSubject } from './refusals-subject.ts';

/** What one nats-server is told at its start. */
export interface NatsServerConfig {
  readonly mesh: string;
  readonly serverName: string;
  /** Address to listen on; loopback unless TLS is set. */
  readonly host: string;
  /** 0 = the server picks a free one and writes it into `portsFileDir`. */
  readonly port: number;
  readonly portsFileDir?: string | undefined;
  readonly storeDir: string;
  /** Largest message, bytes; frames come in parts of at most 256 KiB. Default 1 MiB. */
  readonly maxPayloadBytes?: number | undefined;
  readonly controlPlanePublicKey: string;
  /** Public nkey of each sidecar by its node. */
  readonly sidecarPublicKeys: Readonly<Record<string, string>>;
  /** Public nkey of the user `events`, who may read the event stream and nothing else; absent = there is none. */
  readonly eventsPublicKey?: string | undefined;
  readonly tls?: { readonly certFile: string; readonly keyFile: string; readonly caFile?: string } | undefined;
}

/** A sidecar answers at once; a control plane waits for a second. */
const ANSWER_WITHIN = '5s';

/** Objects that one apply may change: the largest mesh of `mesh.proto` and its settings. */
export const CONFIG_BATCH_MAX = 30_001;

const nodeName = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * nats.conf as JSON, which nats-server reads. Holds public keys only. Every
 * write reaches the disk before it is acknowledged (`sync_interval: always`).
 * Throws on a node or mesh name that could widen a subject.
 */
export function renderNatsServerConfig(config: NatsServerConfig): string {
  for (const name of [config.mesh, ...Object.keys(config.sidecarPublicKeys)]) {
    if (!nodeName.test(name)) {
      throw new Error(`${JSON.stringify(name)} is not a name`);
    }
  }
  const { tls } = config;
  return `${JSON.stringify(
    {
      server_name: config.serverName,
      listen: `${config.host}:${config.port === 0 ? -1 : config.port}`,
      ...(config.portsFileDir === undefined ? {} : { ports_file_dir: config.portsFileDir }),
      max_payload: config.maxPayloadBytes ?? 1024 * 1024,
      jetstream: {
        store_dir: config.storeDir,
        sync_interval: 'always',
        limits: { batch: { max_msgs: CONFIG_BATCH_MAX } },
      },
      ...(tls === undefined
        ? {}
        : { tls: { cert_file: tls.certFile, key_file: tls.keyFile, ...(tls.caFile && { ca_file: tls.caFile }) } }),
      authorization: {
        users: [
          { nkey: config.controlPlanePublicKey, permissions: controlPlanePermissions(config.mesh) },
          ...Object.entries(config.sidecarPublicKeys).map(([node, nkey]) => ({
            nkey,
            permissions: sidecarPermissions(config.mesh, node),
          })),
          ...(config.eventsPublicKey === undefined
            ? []
            : [{ nkey: config.eventsPublicKey, permissions: EVENTS_PERMISSIONS }]),
        ],
      },
    },
    null,
    2,
  )}\n`;
}

/** Whoever reads events straight from the store: hears them, makes consumers of their stream and asks those for more. */
const EVENTS_PERMISSIONS = {
  publish: {
    allow: [
      '$JS.API.STREAM.INFO.CAPMESH_EVENTS',
      '$JS.API.CONSUMER.CREATE.CAPMESH_EVENTS',
      '$JS.API.CONSUMER.CREATE.CAPMESH_EVENTS.>',
      '$JS.API.CONSUMER.INFO.CAPMESH_EVENTS.*',
      '$JS.API.CONSUMER.MSG.NEXT.CAPMESH_EVENTS.*',
      '$JS.FC.CAPMESH_EVENTS.>',
    ],
  },
  subscribe: { allow: ['_INBOX.events.>', 'capmesh.v1.events.>'] },
};

function controlPlanePermissions(mesh: string): object {
  return {
    publish: { allow: ['capmesh.v1.>', '$KV.>', '$JS.API.>', '$JS.ACK.>', '$JS.FC.>'] },
    subscribe: {
      allow: [
        '_INBOX.control-plane.>',
        `capmesh.v1.frames.${mesh}.*`,
        `capmesh.v1.replicas.${mesh}.*`,
        `capmesh.v1.reports.${mesh}`,
        `capmesh.v1.admissions.${mesh}`,
        `capmesh.v1.quorum.${mesh}`,
        `capmesh.v1.quorum.${mesh}.*`,
        `capmesh.v1.published.${mesh}`,
      ],
    },
  };
}

/**
 * A sidecar sends its own frames, reads its own lease and the keys, hears its own
 * replies, and answers what the control plane asks it, where the asker wants it and
 * once: nothing else.
 */
function sidecarPermissions(mesh: string, node: string): object {
  const readable = [
    ['KV_capmesh_leases', `$KV.capmesh_leases.${node}`],
    ['KV_capmesh_keys', '$KV.capmesh_keys.>'],
  ] as const;
  return {
    publish: {
      allow: [
        `capmesh.v1.frames.${mesh}.${node}`,
        ...readable.flatMap(([stream, subject]) => [
          `$JS.API.DIRECT.GET.${stream}.${subject}`,
          `$JS.API.CONSUMER.CREATE.${stream}.*.${subject}`,
          `$JS.FC.${stream}.>`,
        ]),
      ],
    },
    subscribe: {
      allow: [`_INBOX.${node}.>`, refusalsSubject(mesh, node), `${operationsSubject(mesh, node)}.*`],
    },
    allow_responses: { max: 1, expires: ANSWER_WITHIN },
  };
}
