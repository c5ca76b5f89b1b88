const held = new Map<string, Promise<void>>();

export async function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  const before = held.get(name) ?? Promise.resolve();
  let release = () => {};
  held.set(name, before.then(() => new Promise<void>((done) => (release = done))));
  await before;
  try {
    return await work();
  } finally {
    release();
  }
}

export async function withLocks<T>(names: string[], work: () => Promise<T>): Promise<T> {
  const [first, ...rest] = names;
  return first === undefined ? work() : withLock(first, () => withLocks(rest, work));
}
