const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** 32 bits that are the same everywhere and for ever: FNV-1a, its bits mixed once more. */
function hash32(text: string): number {
  let hash = FNV_OFFSET;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * Items in an order of `owner`'s own that looks random and depends on nothing but
 * their names (rendezvous hashing): whoever takes the first k of them keeps them
 * when others come and go, but for those that have to make room.
 */
export function stableOrder(owner: string, items: readonly string[]): string[] {
  return items
    .map((item) => ({ item, rank: hash32(`${owner} ${item}`) }))
    .sort((a, b) => a.rank - b.rank || (a.item < b.item ? -1 : 1))
    .map(({ item }) => item);
}
