const LISTED = 5;

/** A few names of a list, and how many more there are. */
export const listed = (names: readonly string[]): string => listedBy(names, name => name);

/** The same of what has to be put into words first: only that which is listed is. */
export const listedBy = <T>(items: readonly T[], nameOf: (item: T) => string): string => {
  const few = items.slice(0, LISTED).map(nameOf).join(', ');
  return items.length <= LISTED ? few : `${few} and ${items.length - LISTED} more`;
};
