//! The demo service of Tidings: user lists that change, and bios that can be edited.

/// The command line.
mod config;
pub use config::{BackgroundUpdatesArgs, Cli, Command, HealthArgs, ServeArgs, UsersArgs};

/// Where users come from.
mod user_directory;
pub use user_directory::UserDirectory;

/// Edited bios.
mod bios;

/// The handlers of queries and mutations.
mod handlers;

/// Publishes lists of users at an interval.
mod background_updates;
pub use background_updates::background_updates;

/// The router and the server.
mod service;
pub use service::{router, server};
