// Writes ../openrpc.json with the service's command `openrpc`. If that fails, the file stays as it is.
import { spawnSync } from "node:child_process";
import { renameSync, writeFileSync } from "node:fs";

const project = new URL("../", import.meta.url);
const { status, stdout, error } = spawnSync("cargo", ["run", "--quiet", "--", "openrpc"], {
  cwd: project,
  stdio: ["ignore", "pipe", "inherit"],
  maxBuffer: Number.POSITIVE_INFINITY,
});
if (error) console.error(`contract: cannot run cargo: ${error.message}`);
if (status !== 0 || stdout.length === 0) {
  console.error("contract: the service did not write its contract; openrpc.json is unchanged.");
  process.exit(1);
}
const temporary = new URL("openrpc.json.tmp", project);
writeFileSync(temporary, stdout);
renameSync(temporary, new URL("openrpc.json", project));
