//! A `State` feed: only the newest value counts, and a newcomer on any replica gets it at once.

/// Subscribers that join at different times and on different replicas.
mod newcomers;
/// Valkey goes away and comes back.
mod outage;
/// The service whose prices are followed.
mod prices;
/// How long the broker keeps a value.
mod retention;
/// Clients that do not keep up.
mod slow;
