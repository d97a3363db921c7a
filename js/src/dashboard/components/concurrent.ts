/** So many at the same time. */
const AT_ONCE = 4;

/** `work` for each item, a few at a time; what failed is returned with the reason. */
export async function forEach<T>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
  progress: (done: number) => void,
): Promise<{ item: T; reason: string }[]> {
  const failed: { item: T; reason: string }[] = [];
  let next = 0;
  let done = 0;
  const run = async () => {
    while (next < items.length) {
      const item = items[next++]!;
      try {
        await work(item);
      } catch (error) {
        failed.push({ item, reason: error instanceof Error ? error.message : String(error) });
      }
      progress(++done);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, run));
  return failed;
}
