import { StorageError } from "../../../storage/errors.ts";
import type { Vfs, VfsFile } from "../../../storage/vfs/vfs.ts";
import type { Survival } from "../../support/crash-files.ts";
import { CrashVfs } from "../../support/crash-vfs.ts";
import { FaultyVfs } from "../../support/faulty-vfs.ts";
import { Process, type World } from "./world.ts";

/** How a process ends. kill: by a signal, and the machine goes on. cut: with the power of the machine. */
export type Death = "kill" | "cut";

/** The disk of a machine: syncs take their time, space runs out for a while, syncs fail, and the power goes at any call. */
export class Machine {
  readonly #world: World;
  #disk = new CrashVfs();
  #process = new Process();
  /** Calls until the process dies. */
  #callsLeft = Number.POSITIVE_INFINITY;
  #death: Death = "kill";
  #failsNextSync = false;
  isFull = false;
  /** Whether anything has been amiss since the process began. */
  hasHadFaults = false;

  constructor(world: World) {
    this.#world = world;
  }

  get process(): Process {
    return this.#process;
  }

  get disk(): Vfs {
    return this.#disk;
  }

  /** Kills the process that runs, if any, and starts another. Returns its view of the disk. */
  start(): Vfs {
    this.#process.alive = false;
    this.#process = new Process();
    this.#callsLeft = Number.POSITIVE_INFINITY;
    this.isFull = false;
    this.#failsNextSync = false;
    this.hasHadFaults = false;
    this.#disk.breakLock();
    return this.#viewOf(this.#process, this.#disk);
  }

  /** The process dies before its `calls`-th call from now on. */
  dieAfter(calls: number, death: Death): void {
    this.#callsLeft = calls;
    this.#death = death;
  }

  /** How the last process that died did. */
  get death(): Death {
    return this.#death;
  }

  /** There is no space left until `isFull` is false again. */
  fill(): void {
    this.isFull = true;
    this.hasHadFaults = true;
  }

  /** The next sync fails, and what it was to make durable is lost at the next power cut, though it can be read until then. */
  failNextSync(): void {
    this.#failsNextSync = true;
    this.hasHadFaults = true;
  }

  die(death: Death): void {
    this.#process.alive = false;
    this.#death = death;
    this.#world.note(death);
    if (death === "cut") this.#cutPower();
  }

  #cutPower(): void {
    const survival = this.#world.pick<Survival>(["durable", "everything", "random", "random"]);
    this.#world.note(survival);
    this.#disk = this.#disk.image(survival, () => this.#world.chance());
  }

  #viewOf(process: Process, disk: CrashVfs): Vfs {
    disk.whileSyncing = () => this.#world.sleep(this.#process, 0.05 + this.#world.chance() ** 4 * 20);
    disk.failsSync = () => {
      const fails = this.#failsNextSync;
      this.#failsNextSync = false;
      return fails;
    };
    const faulty = new FaultyVfs(disk, ({ call, path }) => {
      const isMutation = !/^(read|open|list|size|close)$/.test(call);
      if (process.alive && isMutation && this.#callsLeft-- <= 0) this.die(this.#death);
      if (!process.alive) return "io";
      this.#world.note(`${call} ${path}`);
      if (!this.isFull || !/^(create|write|makeDirectory)$/.test(call)) return undefined;
      return this.#world.chance() < 0.3 ? "short" : "no-space";
    });
    return this.#tracing(faulty);
  }

  /** Puts what is written into the trace. */
  #tracing(vfs: FaultyVfs): Vfs {
    const traced = (file: VfsFile): VfsFile => {
      const write = file.write.bind(file);
      file.write = (from, position) => {
        this.#world.note(String(position), from);
        write(from, position);
      };
      return file;
    };
    const { create, open } = vfs;
    vfs.create = (path) => traced(create.call(vfs, path));
    vfs.open = (path, mode) => traced(open.call(vfs, path, mode));
    return vfs;
  }
}

/** Whether an error says no more than that the disk or the process has come to an end. */
export const isOfTheDisk = (error: unknown): boolean =>
  error instanceof StorageError && ["io", "no-space", "closed"].includes(error.kind);
