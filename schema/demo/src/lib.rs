//! The contract of the demo service: a list of users whose bios can be edited, and every change of it.

/// The users domain.
pub mod users;
pub use users::{AllUsers, BioTooLong, OnBio, OnUpdates, SetBio, User, UserById};

/// One message of each kind, for `examples/*.json`.
pub mod examples;

use tidings_contract::{OnInstances, OpenRpc, generated::Files};

/// The service's name in its document.
pub const TITLE: &str = "Tidings demo";

/// The service's version in its document.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Every procedure of the demo.
pub fn contract() -> OpenRpc {
    OpenRpc::new(TITLE, VERSION)
        .query::<AllUsers>()
        .query::<UserById>()
        .mutation::<SetBio>()
        .subscription::<OnUpdates>()
        .publishable::<OnUpdates>()
        .subscription::<OnBio>()
        .publishable::<OnBio>()
        .subscription::<OnInstances>()
}

/// The generated files of this contract.
///
/// # Panics
///
/// When the contract is not valid, which a test excludes.
pub fn files() -> Files {
    let document = contract().into_document().expect("the demo's contract is valid");
    let files = Files::new(&document);
    examples::examples().iter().fold(files, |files, (name, message)| files.example(name, message))
}
