//! A `State` feed: only the newest value counts, and a newcomer on any replica gets it at once.

/// Who comes when, and on which replica.
mod newcomers;
/// Valkey goes away and comes back.
mod outage;
/// The service whose prices are followed.
mod prices;
/// What the broker keeps, and for how long.
mod retention;
/// Clients that do not keep up.
mod slow;
