// The programs that the tests run.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { PATIENCE_MS, within } from "./patience.js";

/**
 * Runs a program to its end and answers what it printed.
 *
 * @param {string} install what to run when the program is missing, for the error's message
 * @throws when it is missing, fails, or takes longer than {@link PATIENCE_MS}; it is ended then
 */
export function run(file, args, install) {
  return new Promise((resolve, reject) => {
    execFile(file, args, { timeout: PATIENCE_MS }, (error, stdout, stderr) => {
      if (!error) resolve(stdout);
      else if (error.code === "ENOENT") reject(missing(file, install));
      else if (error.killed) reject(new Error(`${file} was not done after ${PATIENCE_MS} ms`));
      else reject(new Error(`${file} failed (exit code ${error.code})\n${stderr}`));
    });
  });
}

/**
 * Starts a program that reads from us and writes to us; what it says on standard error goes to ours.
 * Who starts one has to {@link end} it.
 *
 * @param {string} install what to run when the program is missing, for the error's message
 */
export async function start(file, args, install) {
  const program = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"] });
  // That a program which has ended can be told nothing is noticed by who waits for what it would say.
  program.stdin.on("error", () => {});
  try {
    await once(program, "spawn");
  } catch (error) {
    throw error.code === "ENOENT" ? missing(file, install) : error;
  }
  return program;
}

/**
 * Closes the standard input of a program that {@link start} started, and waits until it has ended.
 *
 * @throws when it fails, or has not ended after {@link PATIENCE_MS}, when it is sent SIGTERM
 */
export async function end(program) {
  const running = program.exitCode === null && program.signalCode === null;
  if (running) {
    program.stdin.end();
    await within(once(program, "exit"), `end of ${program.spawnfile}`).catch((error) => {
      program.kill();
      throw error;
    });
  }
  if (program.exitCode !== 0) {
    throw new Error(
      `${program.spawnfile} failed (${program.signalCode ?? `exit code ${program.exitCode}`})`,
    );
  }
}

function missing(file, install) {
  return new Error(`${file} is missing; to get it, run in the repository's root: ${install}`);
}
