import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setImmediate } from "node:timers/promises";
import { within } from "./deadline.js";

/** A program that tests start. It is ended when this process exits, if nobody ended it before. */
export class Program {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #exited: Promise<unknown>;
  readonly #lines: string[] = [];
  readonly #watchers = new Set<(line: string) => void>();
  /** Gently, as some programs have programs of their own to end; and a frozen one must go on to hear it. */
  readonly #killAtExit = () => {
    this.#child.kill("SIGTERM");
    this.#child.kill("SIGCONT");
  };

  private constructor(name: string, child: ChildProcess) {
    this.#name = name;
    this.#child = child;
    this.#exited = once(child, "exit");
    this.#exited.catch(() => {});
    for (const stream of [child.stdout, child.stderr]) {
      if (stream) createInterface(stream).on("line", (line) => this.#onLine(line));
    }
    process.once("exit", this.#killAtExit);
    child.once("exit", () => process.off("exit", this.#killAtExit));
  }

  /**
   * Starts it, and waits for the line that says it is ready.
   *
   * @param toInstall the command to name when the program is missing
   * @param isReady what the ready line gives, or undefined for any other line
   */
  static async start<T>(
    [path, ...args]: [string, ...string[]],
    toInstall: string,
    isReady: (line: string) => T | undefined,
  ): Promise<{ program: Program; ready: T }> {
    const name = path.split("/").at(-1) ?? path;
    // Settings of the person at the keyboard, such as VALKEY_URL, must not reach what is tested.
    const { PATH, HOME } = process.env;
    // Standard input stays open until we end: programs that watch it end with us, however we do.
    const child = spawn(path, args, { env: { PATH, HOME }, stdio: "pipe" });
    const program = new Program(name, child);
    const ready = new Promise<T>((resolve, reject) => {
      child.once("error", (error) => {
        reject(new Error(`${name} cannot be started (${error.message}): run \`${toInstall}\``));
      });
      child.once("exit", (code, signal) => {
        const output = program.#lines.join("\n");
        reject(new Error(`${name} ended with ${code ?? signal} before it was ready:\n${output}`));
      });
      program.#watchers.add((line) => {
        const value = isReady(line);
        if (value !== undefined) resolve(value);
      });
    });
    return { program, ready: await within(ready, `${name} to be ready`) };
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.#name} was never started`);
    return this.#child.pid;
  }

  /** What it has written so far. */
  get output(): string {
    return this.#lines.join("\n");
  }

  /** Freezes it, and waits until it is: the signal alone leaves its threads a moment to go on. */
  async freeze(): Promise<void> {
    this.#child.kill("SIGSTOP");
    const tasks = `/proc/${this.pid}/task`;
    const isStopped = (task: string) =>
      / T /.test(readFileSync(`${tasks}/${task}/stat`, "utf8").replace(/^.*\)/, ""));
    const allStopped = async () => {
      while (!readdirSync(tasks).every(isStopped)) await setImmediate();
    };
    await within(allStopped(), `${this.#name} to stop on SIGSTOP`);
  }

  /** Ends it and waits until it is gone; one that is gone already is none of our business. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill(signal);
      // One that is frozen hears SIGTERM only when it goes on; SIGKILL it need not hear.
      if (signal === "SIGTERM") this.#child.kill("SIGCONT");
      await within(this.#exited, `${this.#name} to end on ${signal}`);
    }
  }

  #onLine(line: string): void {
    this.#lines.push(line);
    // A test that fails shows the end of it; all of a chatty server's would only hide that.
    if (this.#lines.length > 200) this.#lines.shift();
    for (const watcher of this.#watchers) watcher(line);
  }
}
