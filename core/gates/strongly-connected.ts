import { at } from '../at.ts';

const UNSEEN = -1;

/**
 * Strongly connected components of a directed graph given as rows of
 * neighbours (Tarjan 1972, without recursion). Every node is in exactly one.
 */
export function stronglyConnected(rows: readonly ReadonlyMap<number, number>[]): number[][] {
  const order = new Int32Array(rows.length).fill(UNSEEN);
  const low = new Int32Array(rows.length);
  const open = new Uint8Array(rows.length);
  const stack: number[] = [];
  const components: number[][] = [];
  let seen = 0;

  const enter = (node: number) => {
    order[node] = seen;
    low[node] = seen;
    seen++;
    stack.push(node);
    open[node] = 1;
    return { node, neighbours: at(rows, node).keys() };
  };
  const lower = (node: number, to: number) => {
    low[node] = Math.min(at(low, node), to);
  };
  const close = (root: number) => {
    const component = stack.splice(stack.lastIndexOf(root));
    for (const node of component) open[node] = 0;
    components.push(component);
  };

  for (let start = 0; start < rows.length; start++) {
    if (at(order, start) !== UNSEEN) continue;
    // Most nodes call nobody.
    if (at(rows, start).size === 0) {
      order[start] = seen++;
      components.push([start]);
      continue;
    }
    const path = [enter(start)];
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const { node } = top;
      const step = top.neighbours.next();
      if (step.done !== true) {
        if (at(order, step.value) === UNSEEN) path.push(enter(step.value));
        else if (open[step.value] === 1) lower(node, at(order, step.value));
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) lower(parent.node, at(low, node));
      if (low[node] === order[node]) close(node);
    }
  }
  return components;
}
