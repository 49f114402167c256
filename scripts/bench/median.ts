/** The middle of some measurements; of an even number, the mean of the two in the middle. */
export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  if (low === undefined || high === undefined) throw new Error('no measurement has no median');
  return (low + high) / 2;
};

/** A figure with so many digits after the point. */
export const rounded = (value: number, digits = 2): number => Number(value.toFixed(digits));
