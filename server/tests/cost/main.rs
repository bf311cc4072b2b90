//! What a delivery and a join cost, in counts: system calls and allocations of a replica, and commands of Valkey, on a fixed
//! script. They fail when a change makes them dearer, on any machine, however busy that is: nothing here is timed.
//!
//! Each bound stands beside what was counted when it was set. Who makes deliveries cheaper should lower it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

/// Allocations, on a replica in this process.
mod allocations;
/// Those who listen, and who publishes to them.
mod audience;
/// Many channels, and a visitor who joins others.
mod channels;
/// The commands that a Valkey has run.
mod commands;
/// Clients of which each can leave and come back on its connection.
mod guests;
/// A join and an event, among few channels and among many.
mod many_channels;
/// The number in the middle.
mod median;
/// System calls, on a replica of its own process.
mod system_calls;
/// What strace wrote.
mod trace;
