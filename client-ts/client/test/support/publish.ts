import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { User } from "./contract.js";
import { within } from "./deadline.js";

const run = promisify(execFile);

/** Publishes one event to a channel of `onUpdates`, as any Valkey client can. */
export async function publish(valkeyUrl: string, channel: string, users: User[]): Promise<void> {
  const call = ["FCALL", "tidings_publish", "1", `updates:{${channel}}`, JSON.stringify(users)];
  const publishOnce = () => run("valkey-cli", ["-u", valkeyUrl, "-e", ...call]);
  const published = async () => {
    for (;;) {
      const error = await publishOnce().then(
        () => undefined,
        (failure: { stdout?: string; stderr?: string }) => failure,
      );
      if (error === undefined) return;
      // A Valkey that came back empty gets the function from the first replica that reaches it.
      if (!/Function not found/.test(`${error.stdout}${error.stderr}`)) throw error;
    }
  };
  await within(published(), `an event to be published to ${channel}`);
}
