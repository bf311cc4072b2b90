import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { Program } from "../../../client/test/support/process.js";
import { publish } from "../../../client/test/support/publish.js";
import type { User } from "../../src/tidings.js";

const target = resolve(import.meta.dirname, "../../../../target/debug");
const page = resolve(import.meta.dirname, "../../dist");

/** What the fleet program says of itself when it is ready. */
interface FleetAddress {
  url: string;
  valkeyUrl: string;
  valkeyPid: number;
  replicas: { instance: string; url: string; pid: number }[];
}

/** nginx in front of three replicas and one Valkey, with the page. Nothing publishes but the test. */
export class Fleet {
  readonly url: string;
  readonly #program: Program;
  readonly #address: FleetAddress;
  /** What has taken the place of the fleet's own Valkey, if anything has. */
  #valkey: Program | undefined;

  private constructor(program: Program, address: FleetAddress) {
    this.#program = program;
    this.#address = address;
    this.url = address.url;
  }

  static async start(): Promise<Fleet> {
    const build = "cargo build --workspace";
    const fleet = process.env["TIDINGS_FLEET_BIN"] ?? resolve(target, "fleet");
    if (!existsSync(fleet)) throw new Error(`there is no ${fleet}: run \`${build}\``);
    const { program, ready } = await Program.start(
      [fleet, "--json", "--port", "0", "--no-publisher", "--static-dir", page],
      `.ci/install && ${build}`,
      (line) => (line.startsWith("{") ? (JSON.parse(line) as FleetAddress) : undefined),
    );
    return new Fleet(program, ready);
  }

  get instances(): string[] {
    return this.#address.replicas.map(({ instance }) => instance);
  }

  /** Publishes a list. */
  async publish(users: User[]): Promise<void> {
    await publish(this.#address.valkeyUrl, "list-1", users);
  }

  /** Ends a replica, as a crash or as a deploy does it. The fleet does not start it again. */
  kill(instance: string, signal: "SIGKILL" | "SIGTERM"): void {
    const replica = this.#address.replicas.find((each) => each.instance === instance);
    if (replica === undefined) throw new Error(`there is no replica ${instance}`);
    process.kill(replica.pid, signal);
  }

  /** Ends Valkey as a crash does it. */
  killValkey(): void {
    process.kill(this.#address.valkeyPid, "SIGKILL");
  }

  /** Starts another Valkey in the place of the killed one. It has nothing of what that had. */
  async startEmptyValkey(): Promise<void> {
    const { hostname, port } = new URL(this.#address.valkeyUrl);
    const { program } = await Program.start(
      ["valkey-server", "--bind", hostname, "--port", port, "--save", "", "--dir", tmpdir()],
      ".ci/install",
      (line) => line.includes("Ready to accept connections") || undefined,
    );
    this.#valkey = program;
  }

  async stop(): Promise<void> {
    await this.#program.stop();
    await this.#valkey?.stop();
  }
}
