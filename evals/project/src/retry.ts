export async function retry<T>(work: () => Promise<T>, times = 4, waitMs = 250): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= times) throw error;
      await new Promise((done) => setTimeout(done, waitMs * 2 ** attempt));
    }
  }
}
