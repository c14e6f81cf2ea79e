const shellRooms = 'control-plane|ext-authz|cli';

/** Which room may import which. Only main.ts files wire rooms together. */
module.exports = {
  forbidden: [
    {
      name: 'core-is-pure',
      comment: 'core takes time, randomness and data as arguments and imports nothing but core',
      severity: 'error',
      from: { path: '^core/' },
      to: { pathNot: '^(core/|node_modules/ml-matrix/)' },
    },
    {
      name: 'platform-knows-no-room',
      severity: 'error',
      from: { path: '^platform/' },
      to: { path: '^(envoy|control-plane|ext-authz|cli|client|demo)/' },
    },
    {
      name: 'envoy-builders-are-pure',
      comment: 'builders turn a plan into Envoy messages: no I/O',
      severity: 'error',
      from: { path: '^envoy/' },
      to: { pathNot: '^(envoy|core|proto/gen)/|^node:crypto$|^crypto$' },
    },
    {
      name: 'only-the-control-plane-builds-envoy-resources',
      comment: 'the CLI may write a bootstrap; everything else reaches Envoy through the control plane',
      severity: 'error',
      from: { path: '^(ext-authz|platform|core)/' },
      to: { path: '^envoy/' },
    },
    {
      name: 'the-client-stands-alone',
      comment: 'it runs inside of other programs: it brings along as little as it can',
      severity: 'error',
      from: { path: '^client/' },
      to: { path: '^(envoy|control-plane|ext-authz|cli|demo|bench)/' },
    },
    {
      name: 'no-part-of-the-mesh-is-a-client-of-it',
      severity: 'error',
      from: { path: '^(envoy|control-plane|ext-authz)/' },
      to: { path: '^client/' },
    },
    {
      name: 'rooms-do-not-reach-into-each-other',
      severity: 'error',
      from: { path: `^(${shellRooms})/`, pathNot: '/main\\.ts$' },
      to: { path: `^(${shellRooms})/`, pathNot: '^$1/' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^proto/gen/' },
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.json'] },
  },
};
