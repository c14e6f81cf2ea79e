/**
 * Strongly connected components of a directed graph given as rows of
 * neighbours (Tarjan 1972, without recursion). Every node is in exactly one.
 */
export function stronglyConnected(rows: readonly ReadonlyMap<number, number>[]): number[][] {
  const order = new Map<number, number>();
  const low = new Map<number, number>();
  const open = new Set<number>();
  const stack: number[] = [];
  const components: number[][] = [];

  const enter = (node: number) => {
    order.set(node, order.size);
    low.set(node, order.size - 1);
    stack.push(node);
    open.add(node);
    return { node, neighbours: (rows[node] ?? new Map<number, number>()).keys() };
  };
  const lower = (node: number, to: number | undefined) => {
    low.set(node, Math.min(low.get(node) ?? 0, to ?? Number.POSITIVE_INFINITY));
  };
  const close = (root: number) => {
    const component = stack.splice(stack.lastIndexOf(root));
    for (const node of component) open.delete(node);
    components.push(component);
  };

  for (let start = 0; start < rows.length; start++) {
    if (order.has(start)) continue;
    const path = [enter(start)];
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const { node } = top;
      const step = top.neighbours.next();
      if (step.done !== true) {
        if (!order.has(step.value)) path.push(enter(step.value));
        else if (open.has(step.value)) lower(node, order.get(step.value));
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) lower(parent.node, low.get(node));
      if (low.get(node) === order.get(node)) close(node);
    }
  }
  return components;
}
