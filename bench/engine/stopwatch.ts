/** Adds up wall and CPU time of stretches, so that what lies between them (making keys) does not count. */
export class Stopwatch {
  seconds = 0;
  cpuSeconds = 0;

  async time<T>(work: () => Promise<T>): Promise<T> {
    const cpu = process.cpuUsage();
    const began = performance.now();
    const result = await work();
    this.seconds += (performance.now() - began) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    this.cpuSeconds += (user + system) / 1e6;
    return result;
  }
}
