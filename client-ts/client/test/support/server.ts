import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { type ClientOptions, createClient } from "@tidings/client";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { contract, type DemoClient, type User, validators } from "./contract.js";
import { Port } from "./port.js";
import { Program } from "./process.js";
import { publish } from "./publish.js";

const demo =
  process.env["TIDINGS_DEMO_BIN"] ??
  resolve(import.meta.dirname, "../../../../target/debug/tidings-demo");

const build = "cargo build -p tidings-demo";

/** A real server, on a port of its own and ended with the test that started it. */
export class TidingsServer {
  readonly port: Port;
  /** What it is called on the wire from its next start on. */
  instance = "replica-1";
  readonly #args: string[];
  #program: Program | undefined;

  private constructor(port: Port, args: string[]) {
    this.port = port;
    this.#args = args;
  }

  /** Starts one and waits until it listens. Without Valkey it keeps its channels in memory. */
  static async start(...args: string[]): Promise<TidingsServer> {
    const server = new TidingsServer(await Port.reserve(), args);
    onTestFinished(async () => {
      await server.stop();
      server.port.release();
    });
    await server.restart();
    return server;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port.number}/rpc`;
  }

  get httpUrl(): string {
    return `http://127.0.0.1:${this.port.number}`;
  }

  /** Starts it again on the same port. */
  async restart(): Promise<void> {
    if (!existsSync(demo)) throw new Error(`there is no ${demo}: run \`${build}\``);
    const listen = ["--listen", `127.0.0.1:${this.port.number}`, "--instance", this.instance];
    const { program } = await Program.start(
      [demo, "serve", ...listen, "--log-format", "json", ...this.#args],
      build,
      (line) => line.includes('"message":"listening"') || undefined,
    );
    this.#program = program;
  }

  /** As a deploy does it: the server drains first. */
  async stop(): Promise<void> {
    await this.#program?.stop("SIGTERM");
  }

  /** As a crash does it. */
  async kill(): Promise<void> {
    await this.#program?.stop("SIGKILL");
  }

  /** Freezes it, connections and all: to its clients it looks as if the network were gone. */
  async freeze(): Promise<void> {
    await this.#program?.freeze();
  }

  /** A client of it, closed with the test. */
  client(options: ClientOptions = {}): DemoClient {
    const client = createClient({ contract, validators, url: this.url, WebSocket, ...options });
    onTestFinished(() => client.close());
    return client;
  }
}

/** A Valkey of the test's own. */
export class Valkey {
  readonly port: Port;
  readonly #folder: string;
  readonly #args: string[];
  #program: Program | undefined;

  private constructor(port: Port, folder: string, args: string[]) {
    this.port = port;
    this.#folder = folder;
    this.#args = args;
  }

  /** Starts one that keeps nothing on disk, unless the arguments say so. */
  static async start(...args: string[]): Promise<Valkey> {
    const folder = await mkdtemp(join(tmpdir(), "tidings-valkey-"));
    const valkey = new Valkey(await Port.reserve(), folder, args);
    onTestFinished(async () => {
      await valkey.kill();
      valkey.port.release();
      await rm(folder, { recursive: true, force: true });
    });
    await valkey.restart();
    return valkey;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port.number}`;
  }

  async restart(): Promise<void> {
    const listen = ["--bind", "127.0.0.1", "--port", String(this.port.number)];
    const { program } = await Program.start(
      ["valkey-server", ...listen, "--save", "", "--dir", this.#folder, ...this.#args],
      ".ci/install",
      (line) => line.includes("Ready to accept connections") || undefined,
    );
    this.#program = program;
  }

  async kill(): Promise<void> {
    await this.#program?.stop("SIGKILL");
  }

  /** Publishes one event past Tidings: it gets no id. */
  async publishPlainly(channel: string, users: User[]): Promise<void> {
    const message = ["PUBLISH", `updates:{${channel}}`, JSON.stringify(users)];
    const args = ["-h", "127.0.0.1", "-p", String(this.port.number), "-e", ...message];
    await promisify(execFile)("valkey-cli", args, { timeout: 30_000 });
  }

  /** Publishes one event. */
  async publish(channel: string, users: User[]): Promise<void> {
    await publish(this.url, channel, users);
  }
}
