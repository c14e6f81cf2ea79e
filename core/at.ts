/**
 * The item at an index that is known to be there, such as one of a list of the
 * same length. Throws a RangeError where it is not: an invariant is broken then,
 * and no number stands for it.
 */
export function at<T>(items: ArrayLike<T>, index: number): T {
  const item = items[index];
  if (item === undefined) throw new RangeError(`no item ${index} of ${items.length}`);
  return item;
}
