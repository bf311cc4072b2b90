//! Access to procedures: every result of an `authorize` handler, and the response to the call.

/// The exact answers.
mod answers;
/// The service that is called.
mod door;
/// The same by HTTP.
mod over_http;
/// Handlers that take their time, and clients and replicas that do not wait for them.
mod slow;
/// Procedures without `.public()` or `.authorize(…)`.
mod undeclared;
