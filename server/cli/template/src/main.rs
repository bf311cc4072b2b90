//! The program.

use std::path::Path;

use service::{House, router};
use tidings::{Action, Config, Server};

#[tokio::main]
async fn main() -> Result<(), tidings::Error> {
    let mut config = Config::parse();
    // The other actions, `openrpc` and `health`, need no page.
    if config.action == Action::Serve && config.static_dir.is_none() {
        let page = Path::new("client/dist");
        if page.join("index.html").is_file() {
            config.static_dir = Some(page.into());
        } else {
            eprintln!("There is no page yet. Build it: npm --prefix client run setup");
        }
    }
    Server::new(config, router(), House::default())?.run().await
}
