//! Who may call a procedure: all that an `authorize` handler may do, and what becomes of the call.

/// The exact answers.
mod answers;
/// The service that is called.
mod door;
/// Handlers that take their time, and clients and replicas that do not wait for them.
mod slow;
/// Procedures that do not say who may call them.
mod undeclared;
