/** Names of meshes, services, workloads and tenants (CONTRACT §A); a leading `~` is reserved. */
export const NAME_PATTERN = '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$';
